import { compareKeys } from '../../model/key/index.ts';
import { applyCommit, type CommitTable } from '../apply-commit.ts';
import type { Commit, Committed, PutOutcome } from '../driver.ts';

// A commit of up to so many series is one transaction, however long that takes.
const WHOLE = 500;
// A longer one is cut after about this time in ms, in which it holds the event loop.
const SLICE_MS = 8;
// Series between two looks at the clock.
const STRIDE = 64;

/** A commit on its way into the file, in transactions that are short. */
export class SplitCommit {
  readonly #commit: Commit;
  readonly #outcomes: (PutOutcome | undefined)[] = [];
  // Where the puts stand in the commit, in the order in which they are written.
  #order: readonly number[];
  #written = 0;
  #seen = 0;
  #ended = 0;

  constructor(commit: Commit) {
    this.#commit = commit;
    const keys = commit.puts.map(({ key }) => key);
    // Neighbours together, so that they share the pages that a write copies (bench/stores: at
    // random). Sorting is stable: puts of one series stay in their order.
    this.#order = keys.map((_, at) => at).sort((a, b) => compareKeys(keys[a]!, keys[b]!));
  }

  /** Whether all is written. */
  get isDone(): boolean {
    return this.#written === this.#order.length && this.#seen === this.#commit.ends.length;
  }

  /** What became of it. */
  get committed(): Committed {
    return { outcomes: this.#outcomes, ended: this.#ended };
  }

  /** Writes what is left, or as much of it as one transaction takes. */
  writeSome(table: CommitTable): void {
    const deadline = performance.now() + SLICE_MS;
    const left = this.#order.slice(this.#written);
    if (table.size + left.length > this.#commit.most) {
      // Near the limit it is the first that get in, so the order counts.
      this.#order = left.sort((a, b) => a - b);
      this.#written = 0;
    }
    for (let count = WHOLE; !this.isDone; count = STRIDE) {
      this.#write(table, count);
      if (performance.now() > deadline) return;
    }
  }

  #write(table: CommitTable, count: number): void {
    const { puts, ends, endTimes, most } = this.#commit;
    const at = this.#order.slice(this.#written, this.#written + count);
    const to = this.#seen + count - at.length;
    const { outcomes, ended } = applyCommit(table, {
      puts: at.map((place) => puts[place]!),
      ends: ends.slice(this.#seen, to),
      ...(endTimes && { endTimes: endTimes.slice(this.#seen, to) }),
      most,
    });
    for (const [i, place] of at.entries()) this.#outcomes[place] = outcomes[i];
    this.#written += at.length;
    this.#seen = Math.min(to, ends.length);
    this.#ended += ended;
  }
}
