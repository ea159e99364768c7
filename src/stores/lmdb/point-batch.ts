import { compareKeys } from '../../model/key/index.ts';
import type { WriteOutcome } from '../upsert-tally.ts';
import type { LedgerAccess } from './ledger-access.ts';

// As many points as are admitted, and put in order, in a few ms each.
const FULL = 4_096;
// A call of up to so many points is one transaction, however long that takes.
const WHOLE = 500;
// A longer one is cut after about this time in ms, in which it holds the event loop.
const SLICE_MS = 8;
// Points between two looks at the clock.
const STRIDE = 64;

/** What became of a point; undefined when its series would be one too many. */
export type OnWritten = (id: string, outcome: WriteOutcome | undefined) => void;

/** Points on their way into the file: collected, then written in transactions that are short. */
export class PointBatch {
  readonly #access: LedgerAccess;
  readonly #maxSeries: number;
  readonly #onWritten: OnWritten;
  #ids: string[] = [];
  #values: number[] = [];
  #times: number[] = [];
  // Whether the time is the store's own clock's.
  #isSupplied: boolean[] = [];
  #writing: Promise<void> = Promise.resolve();

  constructor(access: LedgerAccess, maxSeries: number, onWritten: OnWritten) {
    this.#access = access;
    this.#maxSeries = maxSeries;
    this.#onWritten = onWritten;
  }

  /** Takes an admitted point; returns whether the batch is full. */
  add(id: string, value: number, updatedAt: number, isSupplied: boolean): boolean {
    this.#isSupplied.push(isSupplied);
    this.#ids.push(id);
    this.#values.push(value);
    this.#times.push(updatedAt);
    return this.#ids.length >= FULL;
  }

  /**
   * Begins to write what was taken, after what is being written still: while one batch waits for
   * the disk, the next is collected. Rejects when an earlier batch could not be written.
   */
  async write(): Promise<void> {
    await this.#writing;
    const points = [this.#ids, this.#values, this.#times, this.#isSupplied] as const;
    this.#ids = [];
    this.#values = [];
    this.#times = [];
    this.#isSupplied = [];
    this.#writing = this.#writeAll(...points);
    // It is awaited later; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }

  /** Writes what was taken, and waits until all of it is acknowledged. */
  async finish(): Promise<void> {
    await this.write();
    await this.#writing;
  }

  async #writeAll(
    ids: readonly string[],
    values: readonly number[],
    times: readonly number[],
    isSupplied: readonly boolean[],
  ): Promise<void> {
    const order = this.#orderOf(ids);
    for (let from = 0; from < order.length; ) {
      from = await this.#access.write('upsert', (writer) =>
        inSlice(from, order.length, (i) => {
          const at = order[i]!;
          const point = { value: values[at]!, updatedAt: times[at]!, isSupplied: isSupplied[at]! };
          this.#onWritten(ids[at]!, writer.write(ids[at]!, point, this.#maxSeries));
        }),
      );
    }
  }

  /**
   * Neighbours together, so that they share the pages that a write copies (bench/stores: at
   * random).
   */
  #orderOf(ids: readonly string[]): readonly number[] {
    const order = ids.map((_, at) => at);
    // Near the budget it is the first that get in, so the order counts.
    if (this.#maxSeries !== Number.POSITIVE_INFINITY) return order;
    // Sorting is stable: points of one series stay in their order.
    return order.sort((a, b) => compareKeys(ids[a]!, ids[b]!));
  }
}

/**
 * Does something for each number from `from` on; returns the first that is left. It does up to 500,
 * and then goes on for as long as a few ms are not over.
 */
export function inSlice(from: number, to: number, work: (i: number) => void): number {
  const deadline = performance.now() + SLICE_MS;
  for (let i = from; i < to; i++) {
    work(i);
    const done = i + 1 - from;
    if (done >= WHOLE && done % STRIDE === 0 && performance.now() > deadline) return i + 1;
  }
  return to;
}
