import type { ContentCoding } from '../formats/content-coding.ts';
import type { Deflater } from '../formats/deflate.ts';
import { familyHeader } from '../formats/family-header.ts';
import type { ExpositionSyntax } from '../formats/format.ts';
import { streamGzip } from '../formats/gzip.ts';
import { FamilyFilter } from '../selection/family-filter.ts';
import type { PatternSource } from '../selection/label-test.ts';
import { LineFilter } from '../selection/line-filter.ts';
import {
  allLines,
  copyLines,
  type SelectedLines,
  wantedLines,
} from '../selection/selected-lines.ts';
import type { Selection } from '../selection/selection.ts';
import { type SelectionQueue, SelectionTurns } from '../selection/selection-queue.ts';
import type { SelectedChunk, SnapshotSelector } from '../selection/snapshot-selector.ts';
import type { Chunk } from '../snapshot/chunk.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { BodyParts } from './scrape-exchange.ts';
import { SelectedCounts } from './selected-counts.ts';
import type { SelfMetrics, SelfReport } from './self-metrics.ts';
import { type BodyFormat, type BodySource, NO_EXTRAS, pageEnd } from './view.ts';

/**
 * How long the parts of a body are, in bytes of text. Compressed ones wait in a fraction of that.
 */
const PART_BYTES = { identity: 16 * 1024, gzip: 64 * 1024 } as const;

/** A shorter body is sent with its length. */
const SHORT_BODY_BYTES = 16 * 1024;

/** How a query's view is made. */
export interface QueryViewParts {
  readonly selection: Selection;
  readonly patternOf: PatternSource;
  readonly codings: readonly ContentCoding[];
  /** What the query can only restrict. */
  readonly fixed: SnapshotSelector | undefined;
  readonly queue: SelectionQueue;
  readonly deflater: Deflater;
  readonly self: SelfMetrics | undefined;
}

/**
 * The part of a page that one query asks for.
 *
 * It is selected while it is sent: each part when the client has read the one before. A client
 * holds a part or two and the snapshot, whatever it asks for, and nothing is kept afterwards.
 */
export class QueryView implements BodySource {
  readonly isOfQuery = true;
  readonly codings: readonly ContentCoding[];
  readonly #parts: QueryViewParts;

  constructor(parts: QueryViewParts) {
    this.#parts = parts;
    // A zstd stream has a window of its own in memory.
    this.codings = parts.codings.filter((coding) => coding !== 'zstd');
  }

  async body(
    snapshot: Snapshot,
    { syntax, coding, signal }: BodyFormat,
    report: () => SelfReport,
  ): Promise<BodyParts | undefined> {
    const { queue, deflater, self, fixed } = this.#parts;
    if (queue.isFull) return undefined;
    const { families } = fixed === undefined ? snapshot : await fixed.select(snapshot);
    const counts = new SelectedCounts(families);
    const turns = new SelectionTurns(queue, signal);
    const end = (): Buffer => pageEnd(self, counts, syntax, report());
    if (coding !== 'gzip') {
      const texts = this.#texts(counts, syntax, turns, PART_BYTES.identity);
      return begun(inTurns(turns, withEnd(texts, end), async (text) => text));
    }
    const texts = this.#texts(counts, syntax, turns, PART_BYTES.gzip);
    // Compressing is a part of the turn: it would wait without a bound otherwise.
    return begun(
      streamGzip(
        inTurns(turns, texts, (text) => deflater.deflate(text)),
        end,
      ),
    );
  }

  /** The text of the body but for its end, in parts. It works in slices, and only when asked. */
  async *#texts(
    counts: SelectedCounts,
    syntax: ExpositionSyntax,
    turns: SelectionTurns,
    partBytes: number,
  ): AsyncGenerator<Buffer, void, undefined> {
    const { selection, patternOf, self } = this.#parts;
    const extras = self ?? NO_EXTRAS;
    // What a header asks for comes before its own family in the order of names.
    const isTaken = (name: string): boolean => counts.has(name) || extras.names.has(name);
    const filter = new FamilyFilter(selection, patternOf);
    const waiting = new WaitingText();
    for (const [at, family] of counts.all.entries()) {
      if (turns.shouldYield()) await turns.yield();
      const conditions = filter.conditionsFor(family);
      if (conditions === undefined) continue;
      const lineFilter = conditions === 'nothing' ? undefined : new LineFilter(conditions);
      for (const chunk of family.chunks) {
        const all = 'chunk' in chunk ? chunk : allLines(chunk);
        const lines = lineFilter ? await wantedLines(all, lineFilter, turns) : all;
        if (turns.shouldYield()) await turns.yield();
        if (lines === undefined) continue;
        if (counts.of(at) === 0) waiting.add(familyHeader(family, syntax, isTaken));
        counts.add(at, lines.series);
        yield* waiting.parts(lines, chunk, lines === all, partBytes);
      }
    }
    for (const text of extras.lines(counts, syntax)) {
      waiting.add(text);
      if (waiting.bytes >= partBytes) yield waiting.take();
    }
    if (waiting.bytes > 0) yield waiting.take();
  }
}

/** Text that is too short for a part of its own. */
class WaitingText {
  bytes = 0;
  #texts: Buffer[] = [];

  add(text: string | Buffer): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    this.#texts.push(bytes);
    this.bytes += bytes.length;
  }

  take(): Buffer {
    const text = this.#texts.length === 1 ? this.#texts[0]! : Buffer.concat(this.#texts);
    this.#texts = [];
    this.bytes = 0;
    return text;
  }

  /** Adds lines; yields what is long enough. A whole chunk is shared, not copied. */
  *parts(
    lines: SelectedLines,
    { text }: Chunk | SelectedChunk,
    isWhole: boolean,
    partBytes: number,
  ): Generator<Buffer, void, undefined> {
    if (isWhole) {
      const isLong = text.length >= PART_BYTES.identity;
      if (isLong && this.bytes > 0) yield this.take();
      this.add(text);
      if (isLong || this.bytes >= partBytes) yield this.take();
      return;
    }
    for (let line = 0; line < lines.chunk.series; ) {
      const copied = copyLines(lines, line, partBytes - this.bytes);
      line = copied.next;
      this.add(copied.text);
      if (this.bytes >= partBytes) yield this.take();
    }
  }
}

async function* withEnd(
  texts: AsyncIterable<Buffer>,
  end: () => Buffer,
): AsyncGenerator<Buffer, void, undefined> {
  yield* texts;
  yield end();
}

/** Makes and codes each text in turns; waits between two of them only for the client. */
async function* inTurns<T>(
  turns: SelectionTurns,
  texts: AsyncGenerator<Buffer, void, undefined>,
  code: (text: Buffer) => Promise<T>,
): AsyncGenerator<T, void, undefined> {
  for (;;) {
    const coded = await turns.work(async () => {
      const { done, value } = await texts.next();
      return done ? undefined : { part: await code(value) };
    });
    if (coded === undefined) return;
    yield coded.part;
  }
}

/**
 * A short body as a whole; of a longer one the beginning is made and the rest when it is asked for.
 */
async function begun(body: AsyncGenerator<Buffer, void, undefined>): Promise<BodyParts> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for (let next = await body.next(); !next.done; next = await body.next()) {
    parts.push(next.value);
    bytes += next.value.length;
    if (bytes >= SHORT_BODY_BYTES) return continued(parts, body);
  }
  return parts;
}

async function* continued(
  parts: Buffer[],
  body: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) yield part;
  yield* body;
}
