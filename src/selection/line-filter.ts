import type { Chunk } from '../cache/chunk.ts';
import type { Pace } from '../cache/pace.ts';
import { LabelColumns } from './label-columns.ts';
import type { SelectionWork } from './selection-work.ts';
import { seriesHash } from './series-hash.ts';
import { isOfShard, type Shard } from './shard.ts';
import type { ValueTest } from './value-test.ts';

/** What is asked of a line, all of it: tests of which one list must pass, and shards of which one has it. */
export interface LineConditions {
  /** For each condition, lists of tests; a line must pass all tests of one of them. */
  readonly choices: readonly (readonly (readonly ValueTest[])[])[];
  /** For each condition, shards; a line must belong to one of them. */
  readonly shards: readonly (readonly Shard[])[];
}

/** How many of a chunk's lines are wanted, as far as it is known. */
export type ChunkVerdict = 'all' | 'none' | 'some';

type Verdict = boolean | undefined;

interface ColumnTest {
  readonly test: ValueTest;
  readonly column: number;
}

/** Finds the lines of chunks that are wanted. For one run, and not for concurrent use. */
export class LineFilter {
  readonly #choices: readonly (readonly (readonly ColumnTest[])[])[];
  readonly #shards: LineConditions['shards'];
  readonly #columns: LabelColumns;
  /** What stands in every line that is wanted, one of them at least. */
  readonly #needles: readonly Buffer[] | undefined;
  readonly #work: SelectionWork;
  /** After how many lines the clock is looked at: a line takes as long as its tests. */
  readonly #stride: number;
  #marks = new Uint8Array(0);

  constructor({ choices, shards }: LineConditions, work: SelectionWork) {
    this.#shards = shards;
    this.#work = work;
    this.#columns = new LabelColumns(choices.flat(2).map(({ label }) => label));
    this.#stride = Math.max(1, Math.floor(128 / (choices.flat(2).length + 2)));
    const { names } = this.#columns;
    this.#choices = choices.map((lists) =>
      lists.map((list) => list.map((test) => ({ test, column: names.indexOf(test.label) }))),
    );
    this.#needles = needlesFor(choices);
  }

  /** Judges a chunk by what its ids have in common, and by its first and last. */
  judge(chunk: Chunk): ChunkVerdict {
    const end = chunk.idEnd[0]!;
    // An id that all others begin with is the bare name, and they have labels where it ends.
    const known = chunk.series === 1 ? end : Math.min(chunk.prefix.length, end - 1);
    const settled = this.#columns.readKnown(chunk.text, 0, end, known);
    let verdict: ChunkVerdict = this.#shards.length > 0 ? 'some' : 'all';
    for (const lists of this.#choices) {
      const verdicts = lists.map((list) => this.#judgeList(chunk, list, settled));
      if (verdicts.every((v) => v === false)) return 'none';
      if (!verdicts.includes(true)) verdict = 'some';
    }
    return verdict;
  }

  /** Marks the wanted lines of a chunk, each by 1. The answer is valid until the next call. */
  async mark(chunk: Chunk, pace: Pace): Promise<Uint8Array> {
    const marks = this.#clearMarks(chunk.series);
    if (this.#needles === undefined) marks.fill(1, 0, chunk.series);
    else for (const needle of this.#needles) markHits(chunk, needle, marks);
    let asked = 0;
    let matched = this.#work.patternsMatched;
    for (let line = 0; line < chunk.series; line++) {
      if (marks[line] === 0) continue;
      this.#work.linesRead++;
      if (!this.#wants(chunk, line)) marks[line] = 0;
      // A match may take as long as a thousand lines.
      if (++asked % this.#stride === 0 || this.#work.patternsMatched !== matched) {
        matched = this.#work.patternsMatched;
        if (pace.due()) await pace.rest();
      }
    }
    return marks;
  }

  #judgeList(chunk: Chunk, list: readonly ColumnTest[], settled: number): Verdict {
    let verdict: Verdict = true;
    for (const { test, column } of list) {
      if (column < settled) {
        if (!this.#passes(chunk.text, test, column)) return false;
      } else {
        if (column === settled && !this.#mayHave(chunk, test)) return false;
        verdict = undefined;
      }
    }
    return verdict;
  }

  /** Whether a line with one of the sought values could stand between the chunk's first and last. */
  #mayHave({ text, firstId, lastId }: Chunk, { sought }: ValueTest): boolean {
    const { partial } = this.#columns;
    if (sought === undefined || partial === 0) return true;
    const head = text.toString('latin1', 0, partial);
    return sought.some((value) => {
      const start = `${head}${value}"`;
      return start <= lastId && (start >= firstId || firstId.startsWith(start));
    });
  }

  #wants(chunk: Chunk, line: number): boolean {
    const { text } = chunk;
    const start = chunk.lineStart(line);
    const end = chunk.idEnd[line]!;
    if (this.#choices.length > 0) this.#columns.read(text, start, end);
    for (const lists of this.#choices) if (!this.#passesOne(text, lists)) return false;
    if (this.#shards.length === 0) return true;
    const hash = seriesHash(text, start, end);
    return this.#shards.every((some) => some.some((shard) => isOfShard(hash, shard)));
  }

  #passesOne(text: Buffer, lists: readonly (readonly ColumnTest[])[]): boolean {
    for (const list of lists) {
      let passes = true;
      for (let i = 0; passes && i < list.length; i++) {
        passes = this.#passes(text, list[i]!.test, list[i]!.column);
      }
      if (passes) return true;
    }
    return false;
  }

  #passes(text: Buffer, test: ValueTest, column: number): boolean {
    return test.passesBytes(text, this.#columns.starts[column]!, this.#columns.ends[column]!);
  }

  #clearMarks(lines: number): Uint8Array {
    if (this.#marks.length < lines) this.#marks = new Uint8Array(lines * 2);
    else this.#marks.fill(0, 0, lines);
    return this.#marks;
  }
}

/** How many needles are sought one by one before reading every line is quicker. */
const MOST_NEEDLES = 8;

/** The needles of the condition with the fewest, if there is one in which every list has some. */
function needlesFor(choices: LineConditions['choices']): readonly Buffer[] | undefined {
  let fewest: readonly string[] | undefined;
  for (const lists of choices) {
    const needles = lists.map(bestNeedles);
    if (!needles.every((some) => some !== undefined)) continue;
    const all = [...new Set(needles.flat())];
    if (all.length <= MOST_NEEDLES && (fewest === undefined || all.length < fewest.length)) {
      fewest = all;
    }
  }
  return fewest?.map((needle) => Buffer.from(needle));
}

/** The needles of the test that has the longest, which are likely to be the rarest. */
function bestNeedles(list: readonly ValueTest[]): readonly string[] | undefined {
  let best: readonly string[] | undefined;
  const shortest = (needles: readonly string[]): number =>
    Math.min(...needles.map(({ length }) => length));
  for (const { label, sought } of list) {
    const needles = sought?.map((value) => `${label}="${value}"`);
    if (needles !== undefined && (best === undefined || shortest(needles) > shortest(best))) {
      best = needles;
    }
  }
  return best;
}

const OPEN = 0x7b;
const COMMA = 0x2c;

/**
 * Marks the lines that a needle stands in. It may stand within a value too, so a marked line is only a
 * candidate; but each line that has the label with the value is marked.
 */
function markHits(chunk: Chunk, needle: Buffer, marks: Uint8Array): void {
  const { text, lineEnd } = chunk;
  let line = 0;
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at)) {
    // Otherwise it is the end of a longer name.
    if (text[at - 1] !== OPEN && text[at - 1] !== COMMA) {
      at++;
      continue;
    }
    line = lineAt(lineEnd, at, line);
    marks[line] = 1;
    at = lineEnd[line]!;
  }
}

/** The line that a place of the text belongs to, not before another line. */
function lineAt(lineEnd: Uint32Array, at: number, from: number): number {
  let low = from;
  let high = lineEnd.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (lineEnd[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
