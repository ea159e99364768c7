import type { ContentCoding } from '../formats/content-coding.ts';
import { type Encoder, familyTexts, type Section } from '../formats/encoder.ts';
import { streamGzip } from '../formats/gzip.ts';
import type { NamePlan } from '../formats/name-plan.ts';
import type { CountedFamily } from '../formats/page.ts';
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
import { SelectionTurns } from '../selection/selection-queue.ts';
import type { SelectedChunk, SnapshotSelector } from '../selection/snapshot-selector.ts';
import type { Chunk } from '../snapshot/chunk.ts';
import type { Family, Snapshot } from '../snapshot/snapshot.ts';
import type { BodyParts } from './scrape-exchange.ts';
import type { SelfReport } from './self-families.ts';
import { type BodyFormat, type BodySource, pageEnd, planOf, type ViewParts } from './view.ts';

/**
 * How long the parts of a body are, in bytes of text. Compressed ones wait in a fraction of that.
 */
const PART_BYTES = { identity: 16 * 1024, gzip: 64 * 1024 } as const;

/** A shorter body is sent with its length. */
const SHORT_BODY_BYTES = 16 * 1024;

/** How a query's view is made. */
export interface QueryViewParts extends ViewParts {
  readonly selection: Selection;
  readonly patternOf: PatternSource;
  readonly selector: SnapshotSelector | undefined;
}

/** A family of a snapshot, or of a part of one that was selected before. */
interface SelectableFamily extends Pick<Family, 'name' | 'metadata'> {
  readonly chunks: readonly (Chunk | SelectedChunk)[];
}

/**
 * The part of a page that one query asks for.
 *
 * It is selected while it is sent: each part when the client has read the one before. A client
 * holds a part or two and the snapshot, whatever it asks for, and nothing is kept afterwards.
 */
export class QueryView implements BodySource {
  readonly isOfQuery = true;
  readonly #parts: QueryViewParts;

  constructor(parts: QueryViewParts) {
    this.#parts = parts;
  }

  codings(): readonly ContentCoding[] {
    // A zstd stream has a window of its own in memory.
    return this.#parts.codings.filter((coding) => coding !== 'zstd');
  }

  async body(
    snapshot: Snapshot,
    { encoder, coding, signal }: BodyFormat,
    report: () => SelfReport,
  ): Promise<BodyParts | undefined> {
    const { shared, gzipLevel, self, selector } = this.#parts;
    if (shared.queue.isFull) return undefined;
    const { families } = selector === undefined ? snapshot : await selector.select(snapshot);
    const turns = new SelectionTurns(shared.queue, signal);
    const plan = planOf(snapshot, self);
    const end = (): Buffer => pageEnd(self, plan, encoder, report());
    const waiting = new WaitingText(coding === 'gzip' ? PART_BYTES.gzip : PART_BYTES.identity);
    const texts = this.#texts(families, { encoder, plan }, turns, waiting);
    if (coding !== 'gzip') return begun(inTurns(turns, withEnd(texts, end), async (text) => text));
    const deflater = shared.asked(gzipLevel);
    // Compressing is a part of the turn: it would wait without a bound otherwise.
    const deflated = inTurns(turns, texts, (text) => deflater.deflate(text));
    return begun(streamGzip(deflated, end));
  }

  /** The text of the body but for its end, in parts. It works in slices, and only when asked. */
  async *#texts(
    families: readonly SelectableFamily[],
    { encoder, plan }: { readonly encoder: Encoder; readonly plan: NamePlan },
    turns: SelectionTurns,
    waiting: WaitingText,
  ): AsyncGenerator<Buffer, void, undefined> {
    const { selection, patternOf, self } = this.#parts;
    const filter = new FamilyFilter(selection, patternOf);
    const counts = new Uint32Array(families.length);
    for (const [at, family] of families.entries()) {
      if (turns.shouldYield()) await turns.yield();
      const conditions = filter.conditionsFor(family);
      if (conditions === undefined) continue;
      const lineFilter = conditions === 'nothing' ? undefined : new LineFilter(conditions);
      let series = 0;
      for (const section of encoder.sections(family, plan)) {
        series = 0;
        for (const chunk of family.chunks) {
          const all = 'chunk' in chunk ? chunk : allLines(chunk);
          const lines = lineFilter ? await wantedLines(all, lineFilter, turns) : all;
          if (turns.shouldYield()) await turns.yield();
          if (lines === undefined) continue;
          if (series === 0) waiting.add(section.head());
          series += lines.series;
          yield* lines === all
            ? waiting.whole(section.body(chunk))
            : waiting.selected(section, lines);
        }
        if (series > 0) waiting.add(section.foot);
      }
      counts[at] = series;
    }
    const counted = countedFamilies(families, counts);
    const bytesOf = (text: string): Buffer => Buffer.from(text);
    const counting = counts.some(Boolean) && self?.countFamilies(counted, plan, bytesOf);
    for (const text of counting ? familyTexts(encoder, counting, plan) : []) {
      waiting.add(text);
      if (waiting.isEnough) yield waiting.take();
    }
    if (waiting.bytes > 0) yield waiting.take();
  }
}

/** Those with selected series. It takes four bytes for each family that there is. */
function* countedFamilies(
  families: readonly SelectableFamily[],
  counts: Uint32Array,
): Generator<CountedFamily, void, undefined> {
  for (const [at, series] of counts.entries()) {
    if (series > 0) yield { name: families[at]!.name, series };
  }
}

/** Text that is too short for a part of its own. */
class WaitingText {
  bytes = 0;
  readonly #partBytes: number;
  #texts: Buffer[] = [];

  constructor(partBytes: number) {
    this.#partBytes = partBytes;
  }

  get isEnough(): boolean {
    return this.bytes >= this.#partBytes;
  }

  add(text: string | Buffer): void {
    if (text.length === 0) return; // A sole text is taken as it is; two are copied.
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

  /** Adds a whole chunk, shared and not copied; yields what is long enough. */
  *whole(text: Buffer): Generator<Buffer, void, undefined> {
    const isLong = text.length >= PART_BYTES.identity;
    if (isLong && this.bytes > 0) yield this.take();
    this.add(text);
    if (isLong || this.isEnough) yield this.take();
  }

  /** Adds some lines of a chunk; yields what is long enough. */
  *selected(section: Section, lines: SelectedLines): Generator<Buffer, void, undefined> {
    for (let line = 0; line < lines.chunk.series; ) {
      const copied = copyLines(lines, line, this.#partBytes - this.bytes);
      line = copied.next;
      this.add(section.body(copied));
      if (this.isEnough) yield this.take();
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
