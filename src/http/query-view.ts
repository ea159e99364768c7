import type { ContentCoding } from '../formats/content-coding.ts';
import type { EncodedLines, Encoder, IndexedLines, Section } from '../formats/encoder.ts';
import { familyTexts, type PageFormat, sectionsOf } from '../formats/exposition.ts';
import { streamGzip } from '../formats/gzip.ts';
import type { NamePlan } from '../formats/name-plan.ts';
import type { CountedFamily } from '../formats/page.ts';
import type { EscapingScheme } from '../model/key/index.ts';
import { FamilyFilter } from '../selection/family-filter.ts';
import type { PatternSource } from '../selection/label-test.ts';
import { LineFilter } from '../selection/line-filter.ts';
import { allLines, copyLines, wantedLines } from '../selection/selected-lines.ts';
import type { Selection } from '../selection/selection.ts';
import { SelectionTurns } from '../selection/selection-queue.ts';
import type { SelectedChunk, SnapshotSelector } from '../selection/snapshot-selector.ts';
import type { Chunk } from '../snapshot/chunk.ts';
import type { Family, Snapshot } from '../snapshot/snapshot.ts';
import { pageEnd } from './page-end.ts';
import type { BodyParts } from './scrape-exchange.ts';
import type { SelfReport } from './self-families.ts';
import type { BodyFormat, BodySource, ViewParts } from './view.ts';
import { PART_BYTES, WaitingText } from './waiting-text.ts';

/** A shorter body is sent with its length. */
const SHORT_BODY_BYTES = 16 * 1024;

/** How a query's view is made. */
export interface QueryViewParts extends ViewParts {
  readonly selection: Selection;
  readonly patternOf: PatternSource;
  readonly selector: SnapshotSelector | undefined;
}

/** A family of a snapshot, or of a part of one that was selected before. */
interface SelectableFamily extends Pick<Family, 'name' | 'metadata' | 'series'> {
  readonly chunks: readonly (Chunk | SelectedChunk)[];
  readonly whole?: readonly Chunk[] | undefined;
}

/**
 * The part of a page that one query asks for.
 *
 * It is selected while it is sent: each part when the client has read the one before. A client
 * holds a part or two and the snapshot, whatever it asks for, and nothing is kept afterwards.
 */
export class QueryView implements BodySource {
  readonly isOfQuery = true;
  readonly endsUses = false;
  readonly #parts: QueryViewParts;

  constructor(parts: QueryViewParts) {
    this.#parts = parts;
  }

  plan(snapshot: Snapshot, scheme: EscapingScheme): Promise<NamePlan> {
    return this.#parts.planner.plan(snapshot.families, scheme);
  }

  codings(): readonly ContentCoding[] {
    // A zstd stream has a window of its own in memory.
    return this.#parts.codings.filter((coding) => coding !== 'zstd');
  }

  async body(
    snapshot: Snapshot,
    { encoder, plan, coding, signal }: BodyFormat,
    report: () => SelfReport,
  ): Promise<BodyParts | undefined> {
    const { shared, gzipLevel, self, selector } = this.#parts;
    if (shared.queue.isFull) return undefined;
    const { families } = selector === undefined ? snapshot : await selector.select(snapshot);
    const turns = new SelectionTurns(shared.queue, signal);
    const format: PageFormat = { encoder, plan, bodies: shared.bodies(encoder) };
    const end = (): Buffer => pageEnd(self, format, report);
    const waiting = new WaitingText(coding === 'gzip' ? PART_BYTES.gzip : PART_BYTES.identity);
    const texts = this.#texts(families, format, turns, waiting);
    if (coding !== 'gzip') return begun(inTurns(turns, withEnd(texts, end), async (text) => text));
    const deflater = shared.asked(gzipLevel);
    // Compressing is a part of the turn: it would wait without a bound otherwise.
    const deflated = inTurns(turns, texts, (text) => deflater.deflate({ text }));
    return begun(streamGzip(deflated, end));
  }

  /** The text of the body but for its end, in parts. It works in slices, and only when asked. */
  async *#texts(
    families: readonly SelectableFamily[],
    format: PageFormat,
    turns: SelectionTurns,
    waiting: WaitingText,
  ): AsyncGenerator<Buffer, void, undefined> {
    const { encoder, plan } = format;
    const { selection, patternOf, self } = this.#parts;
    const filter = new FamilyFilter(selection, patternOf);
    const counts = new Uint32Array(families.length);
    for (const [at, family] of families.entries()) {
      if (turns.shouldYield()) await turns.yield();
      const conditions = filter.conditionsFor(family);
      if (conditions === undefined) continue;
      const lineFilter = conditions === 'nothing' ? undefined : new LineFilter(conditions);
      for (const section of sectionsOf(family, format)) {
        if (family.series === 0) {
          // Labels choose none of it, and a name its metadata.
          if (lineFilter === undefined) addEmpty(section, encoder, waiting);
          if (waiting.isEnough) yield waiting.take();
          continue;
        }
        const chunks = await arrangedLines(family, section, turns);
        const parts = () => selectedParts({ chunks, lineFilter }, turns, waiting);
        counts[at] = yield* sectionTexts(section, parts, encoder, waiting);
      }
    }
    const counted = countedFamilies(families, counts);
    const bytesOf = (text: string): Buffer => Buffer.from(text);
    const counting = counts.some(Boolean) && self?.countFamilies(counted, plan, bytesOf);
    const sections = counting ? self!.sections(counting, format) : [];
    for (const text of counting ? familyTexts(sections, counting.chunks, encoder) : []) {
      if (typeof text === 'string') waiting.add(text, encoder.charset);
      else if (text !== undefined) waiting.add(text.text);
      if (waiting.isEnough) yield waiting.take();
    }
    if (waiting.bytes > 0) yield waiting.take();
  }
}

/** The selected lines of one chunk, or some of them. */
interface SelectedPart {
  readonly lines: EncodedLines;
  readonly isWhole: boolean;
  /** How many series were selected in the chunk, told with its first part. */
  readonly series: number;
}

/** A section of which some lines are selected. */
interface SectionSelection {
  readonly chunks: readonly (Chunk | SelectedChunk | IndexedLines)[];
  /** Undefined for all lines. */
  readonly lineFilter: LineFilter | undefined;
}

/** The lines of a family, arranged as a section wants them. All clients share what is arranged. */
async function arrangedLines(
  { chunks }: SelectableFamily,
  { arrange }: Section,
  turns: SelectionTurns,
): Promise<readonly (Chunk | SelectedChunk | IndexedLines)[]> {
  if (arrange === undefined) return chunks;
  const arranging = arrange(chunks);
  let step = arranging.next();
  for (; step.done !== true; step = arranging.next()) {
    if (turns.shouldYield()) await turns.yield();
  }
  return step.value;
}

async function* selectedParts(
  { chunks, lineFilter }: SectionSelection,
  turns: SelectionTurns,
  waiting: WaitingText,
): AsyncGenerator<SelectedPart, void, undefined> {
  for (const chunk of chunks) {
    const all = 'chunk' in chunk ? chunk : allLines(chunk);
    const lines = lineFilter ? await wantedLines(all, lineFilter, turns) : all;
    if (turns.shouldYield()) await turns.yield();
    if (lines === undefined) continue;
    let { series } = lines;
    if (lines === all) {
      yield { lines: chunk, isWhole: true, series };
      continue;
    }
    for (let line = 0; line < lines.chunk.lineEnd.length; series = 0) {
      const copied = copyLines(lines, line, waiting.room);
      line = copied.next;
      yield { lines: copied, isWhole: false, series };
    }
  }
}

/** Writes a section; returns how many series were selected. */
async function* sectionTexts(
  section: Section,
  parts: () => AsyncIterable<SelectedPart>,
  { charset, needsLength }: Encoder,
  waiting: WaitingText,
): AsyncGenerator<Buffer, number, undefined> {
  let bytes = 0;
  // Twice the work, rather than all bodies in memory for each client.
  if (needsLength) for await (const { lines } of parts()) bytes += section.body(lines).length;
  if (needsLength && bytes === 0) return 0;
  let selected = 0;
  for await (const { lines, isWhole, series } of parts()) {
    if (selected === 0) waiting.add(section.head(bytes), charset);
    selected += series;
    const body = section.body(lines);
    yield* isWhole ? waiting.whole(body) : waiting.some(body);
  }
  if (selected > 0) waiting.add(section.foot, charset);
  return selected;
}

/** Adds a section without lines. */
function addEmpty(section: Section, { charset, needsLength }: Encoder, waiting: WaitingText): void {
  if (!needsLength) waiting.add(section.head(0) + section.foot, charset);
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
