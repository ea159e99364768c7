import type { FamilyType } from '../model/family-metadata.ts';
import { compareKeys, KeyFrame, splitLabels } from '../model/key/index.ts';
import { joinTail, splitTail } from '../model/value/index.ts';
import { tailsOrNone } from '../snapshot/tails.ts';
import type { EncodedLines, IndexedLines } from './encoder.ts';
import { eachLine, indexLines, lineStart } from './lines.ts';

/** The types of which one metric is several lines. */
type ManyLined = 'stateset' | 'info';

/** The type, if one metric of it is several lines. */
export function manyLinedOf(type: FamilyType): ManyLined | undefined {
  return type === 'stateset' || type === 'info' ? type : undefined;
}

/** A family whose metrics are several lines. */
export interface ManyLinedFamily {
  /** Not escaped, as in the lines. */
  readonly name: string;
  readonly type: ManyLined;
  /** All lines, of which some are arranged. */
  readonly whole: readonly EncodedLines[];
}

/** How much text one piece has, in bytes, about. */
const PIECE_BYTES = 65_536;

/** An arrangement that is made, or being made: whoever needs it does the next step. */
interface Arrangement {
  readonly steps: Generator<undefined, readonly EncodedLines[], undefined>;
  lines?: readonly EncodedLines[];
}

type Arrangements = WeakMap<readonly EncodedLines[], Arrangement>;

const made: Readonly<Record<ManyLined, Arrangements>> = {
  stateset: new WeakMap(),
  info: new WeakMap(),
};

/**
 * The lines of a family as OpenMetrics 1 wants those of a metric: together, and with one time or
 * none. All states of a set are a metric, and so are all infos of a family: the format does not
 * tell them apart. If the states of a set have several times, or some have none, the set has no
 * time. Infos may have several times; if some have none, none has one.
 *
 * Sets come in the order of their labels, and times depend on the whole family, so that what is
 * selected before and after is the same. Mostly it is the lines as they are. Whatever many clients
 * ask is made once, and kept as long as the chunks. Yields after some work, after which the caller
 * may yield too.
 */
export function* arrangeMetrics<Lines extends EncodedLines>(
  chunks: readonly Lines[],
  family: ManyLinedFamily,
): Generator<undefined, readonly (Lines | IndexedLines)[], undefined> {
  const known = made[family.type];
  for (;;) {
    const arrangement: Arrangement = known.get(chunks) ?? { steps: arrange(chunks, family) };
    known.set(chunks, arrangement);
    if (arrangement.lines === undefined) {
      try {
        const { done, value } = arrangement.steps.next();
        if (done) arrangement.lines = value;
      } catch (error) {
        known.delete(chunks);
        throw error;
      }
    }
    // What is made of other lines than the given ones has an index.
    if (arrangement.lines) return arrangement.lines as readonly (Lines | IndexedLines)[];
    yield undefined;
  }
}

function* arrange(
  chunks: readonly EncodedLines[],
  family: ManyLinedFamily,
): Generator<undefined, readonly EncodedLines[], undefined> {
  const timeless = yield* timelessMetrics(family);
  if (family.type === 'info' && timeless.size === 0) return chunks;
  const metricOf = metricReader(family);
  const numbers = new Map<string, number>();
  const ofLines: number[] = [];
  const indexed: IndexedLines[] = [];
  let isInOrder = true;
  let before: string | undefined;
  for (const chunk of chunks) {
    const lines = indexLines(chunk);
    for (const [at, end] of lines.idEnd.entries()) {
      const metric = metricOf(lines.text.toString('utf8', lineStart(lines, at), end));
      if (before !== undefined && compareKeys(before, metric) > 0) isInOrder = false;
      before = metric;
      const number = numbers.get(metric) ?? numbers.size;
      numbers.set(metric, number);
      ofLines.push(number);
    }
    indexed.push(lines);
    yield undefined;
  }
  const names = [...numbers.keys()];
  const areTimeless = names.map((metric) => timeless.has(metric));
  if (isInOrder && timeless.size === 0) return chunks;
  if (isInOrder) return withoutTimes(indexed, (line) => areTimeless[ofLines[line]!]!);
  const order = yield* orderOf(names, ofLines);
  return yield* pieces(indexed, order, (line) => areTimeless[ofLines[line]!]!);
}

/** Reads what tells the metric of a key from others: all labels but that of the state. */
function metricReader({ name, type }: ManyLinedFamily): (key: string) => string {
  if (type === 'info') return () => '';
  const frame = new KeyFrame(name);
  return (key) =>
    JSON.stringify(splitLabels(frame.labelsOf(key)).filter(([label]) => label !== name));
}

/** The metrics that have no time. */
function* timelessMetrics(
  family: ManyLinedFamily,
): Generator<undefined, ReadonlySet<string>, undefined> {
  const timeless = new Set<string>();
  if (family.whole.every(({ tails }) => tails === undefined)) return timeless;
  const metricOf = metricReader(family);
  const times = new Map<string, string | boolean | undefined>();
  for (const chunk of family.whole) {
    eachLine(chunk, (key, _, { timestamp }) => {
      const metric = metricOf(key);
      const time = family.type === 'info' ? timestamp !== undefined : timestamp;
      if (!times.has(metric)) times.set(metric, time);
      else if (times.get(metric) !== time) timeless.add(metric);
    });
    yield undefined;
  }
  return timeless;
}

/** The lines in the order of their metrics. */
function* orderOf(
  names: readonly string[],
  ofLines: readonly number[],
): Generator<undefined, Uint32Array, undefined> {
  const counts = names.map(() => 0);
  for (const number of ofLines) counts[number]!++;
  const places = new Uint32Array(names.length);
  let place = 0;
  for (const number of [...names.keys()].sort((a, b) => compareKeys(names[a]!, names[b]!))) {
    places[number] = place;
    place += counts[number]!;
  }
  yield undefined;
  const order = new Uint32Array(ofLines.length);
  for (const [line, number] of ofLines.entries()) order[places[number]!++] = line;
  yield undefined;
  return order;
}

type LineTest = (line: number) => boolean;

function withoutTimes(chunks: readonly IndexedLines[], isTimeless: LineTest): IndexedLines[] {
  let line = 0;
  return chunks.map((lines) => {
    const tails = Array.from(lines.idEnd, (_, at) => tailOf(lines.tails?.[at], isTimeless(line++)));
    return { ...lines, tails: tailsOrNone(tails) };
  });
}

function tailOf(tail: string | undefined, isTimeless: boolean): string | undefined {
  const split = tail !== undefined && isTimeless ? splitTail(tail) : undefined;
  return split === undefined ? tail : joinTail({ ...split, timestamp: undefined }) || undefined;
}

function* pieces(
  chunks: readonly IndexedLines[],
  order: Uint32Array,
  isTimeless: LineTest,
): Generator<undefined, IndexedLines[], undefined> {
  let lines = 0;
  const firstLines = chunks.map(({ lineEnd }) => (lines += lineEnd.length) - lineEnd.length);
  const done: IndexedLines[] = [];
  let piece = new Piece();
  for (const line of order) {
    const chunk = chunkOf(firstLines, line);
    piece.add(chunks[chunk]!, line - firstLines[chunk]!, isTimeless(line));
    if (piece.bytes < PIECE_BYTES) continue;
    done.push(piece.lines());
    piece = new Piece();
    yield undefined;
  }
  if (piece.bytes > 0) done.push(piece.lines());
  return done;
}

/** The last chunk that does not begin behind a line. */
function chunkOf(firstLines: readonly number[], line: number): number {
  let low = 0;
  let high = firstLines.length;
  while (low + 1 < high) {
    const middle = (low + high) >>> 1;
    if (firstLines[middle]! <= line) low = middle;
    else high = middle;
  }
  return low;
}

/** Lines that are copied together. */
class Piece {
  bytes = 0;
  readonly #texts: Buffer[] = [];
  readonly #lineEnd: number[] = [];
  readonly #idEnd: number[] = [];
  readonly #tails: (string | undefined)[] = [];

  add(lines: IndexedLines, line: number, isTimeless: boolean): void {
    const start = lineStart(lines, line);
    const text = lines.text.subarray(start, lines.lineEnd[line]);
    this.#texts.push(text);
    this.#idEnd.push(this.bytes + lines.idEnd[line]! - start);
    this.bytes += text.length;
    this.#lineEnd.push(this.bytes);
    this.#tails.push(tailOf(lines.tails?.[line], isTimeless));
  }

  lines(): IndexedLines {
    return {
      text: Buffer.concat(this.#texts, this.bytes),
      tails: tailsOrNone(this.#tails),
      lineEnd: Uint32Array.from(this.#lineEnd),
      idEnd: Uint32Array.from(this.#idEnd),
    };
  }
}
