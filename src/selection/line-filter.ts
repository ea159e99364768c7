import { LabelColumns, labelNeedle } from '../model/key/index.ts';
import type { Pace } from '../scheduling/pace.ts';
import type { Tails } from '../snapshot/tails.ts';
import type { LabelTest } from './label-test.ts';
import { seriesHash } from './series-hash.ts';
import { isOfShard, type Shard } from './shard.ts';

/** Lines that may be selected: a chunk, or others of which it is known where they end. */
export interface SelectableLines {
  readonly text: Buffer;
  readonly tails?: Tails | undefined;
  readonly lineEnd: Uint32Array;
  readonly idEnd: Uint32Array;
}

/** Where a line begins. */
export function startOf({ lineEnd }: Pick<SelectableLines, 'lineEnd'>, line: number): number {
  return line === 0 ? 0 : lineEnd[line - 1]!;
}

/** What is asked of a line, all of it. */
export interface LineConditions {
  /** For each condition, lists of tests; a line must pass all tests of one of them. */
  readonly choices: readonly (readonly (readonly LabelTest[])[])[];
  /** For each condition, shards; a line must belong to one of them. */
  readonly shards: readonly (readonly Shard[])[];
}

/** Cuts work into slices. */
export type Yielding = Pick<Pace, 'shouldYield' | 'yield'>;

interface ColumnTest {
  readonly test: LabelTest;
  readonly column: number;
}

/** Finds the lines that are wanted. Not for concurrent use. */
export class LineFilter {
  readonly #choices: readonly (readonly (readonly ColumnTest[])[])[];
  readonly #shards: LineConditions['shards'];
  readonly #columns: LabelColumns;
  /** A text that every wanted line has. */
  readonly #needle: Buffer | undefined;
  /** After how many lines the clock is read. */
  readonly #stride: number;

  constructor({ choices, shards }: LineConditions) {
    const tests = choices.flat(2);
    this.#shards = shards;
    this.#columns = new LabelColumns(tests.map(({ label }) => label));
    const isSlow = tests.some((test) => test.isSlow);
    this.#stride = isSlow ? 1 : Math.max(1, Math.floor(128 / (tests.length + 2)));
    const { names } = this.#columns;
    this.#choices = choices.map((lists) =>
      lists.map((list) => list.map((test) => ({ test, column: names.indexOf(test.label) }))),
    );
    this.#needle = needleOf(choices);
  }

  /**
   * Marks the wanted ones of some lines, each by 1.
   *
   * @param among - the lines that come into question; all without it.
   */
  async mark(lines: SelectableLines, yielding: Yielding, among?: Uint8Array): Promise<Uint8Array> {
    const series = lines.lineEnd.length;
    const marks = among?.slice() ?? new Uint8Array(series).fill(1);
    const found = this.#needle && linesWith(lines, this.#needle);
    let asked = 0;
    for (let line = 0; line < series; line++) {
      if (marks[line] === 0) continue;
      if (found?.[line] === 0) {
        marks[line] = 0;
        continue;
      }
      if (!this.#wants(lines, line)) marks[line] = 0;
      if (++asked % this.#stride === 0 && yielding.shouldYield()) await yielding.yield();
    }
    return marks;
  }

  #wants(lines: SelectableLines, line: number): boolean {
    const { text } = lines;
    const start = startOf(lines, line);
    const end = lines.idEnd[line]!;
    if (this.#choices.length > 0) this.#columns.read(text, start, end);
    for (const lists of this.#choices) if (!this.#passesOne(text, lists)) return false;
    if (this.#shards.length === 0) return true;
    const hash = seriesHash(text, start, end);
    for (const shards of this.#shards) if (!isOfOne(hash, shards)) return false;
    return true;
  }

  /** Loops, as closures for each line would be most of the garbage of a selection. */
  #passesOne(text: Buffer, lists: readonly (readonly ColumnTest[])[]): boolean {
    const { starts, ends } = this.#columns;
    for (const list of lists) {
      let passed = 0;
      for (const { test, column } of list) {
        if (!test.passes(text, starts[column]!, ends[column]!)) break;
        passed++;
      }
      if (passed === list.length) return true;
    }
    return false;
  }
}

function isOfOne(hash: number, shards: readonly Shard[]): boolean {
  for (const shard of shards) if (isOfShard(hash, shard)) return true;
  return false;
}

/** The longest label that every wanted line has, as bytes; a long one is likely to be rare. */
function needleOf(choices: LineConditions['choices']): Buffer | undefined {
  let longest: Buffer | undefined;
  for (const [list = [], ...others] of choices) {
    if (others.length > 0) continue;
    for (const { label, only } of list) {
      const needle = only === undefined ? undefined : labelNeedle(label, only);
      if (needle && needle.length > (longest?.length ?? 0)) longest = needle;
    }
  }
  return longest;
}

/**
 * Marks the lines with a text. It may stand within a value, so a marked line is only a candidate.
 */
function linesWith({ text, lineEnd }: SelectableLines, needle: Buffer): Uint8Array {
  const marks = new Uint8Array(lineEnd.length);
  let line = 0;
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, lineEnd[line])) {
    while (lineEnd[line]! <= at) line++;
    marks[line] = 1;
  }
  return marks;
}
