import type { WriteOutcome } from '../upsert-tally.ts';
import type { LedgerAccess } from './ledger-access.ts';
import type { LedgerWriter } from './ledger-writer.ts';

// As many points as are admitted, and put in order, in a few ms each.
const FULL = 4_096;
// A transaction holds the event loop for about this long, in ms, and other processes' writes for a little more.
const SLICE_MS = 8;
// Between two looks at the clock.
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
  #writing: Promise<void> = Promise.resolve();

  constructor(access: LedgerAccess, maxSeries: number, onWritten: OnWritten) {
    this.#access = access;
    this.#maxSeries = maxSeries;
    this.#onWritten = onWritten;
  }

  /** Takes an admitted point; answers whether the batch is full. */
  add(id: string, value: number, updatedAt: number): boolean {
    this.#ids.push(id);
    this.#values.push(value);
    this.#times.push(updatedAt);
    return this.#ids.length >= FULL;
  }

  /**
   * Begins to write what was taken, after what is being written still: while one batch waits for the
   * disk, the next is collected. Rejects when an earlier batch could not be written.
   */
  async write(): Promise<void> {
    await this.#writing;
    const [ids, values, times] = [this.#ids, this.#values, this.#times];
    this.#ids = [];
    this.#values = [];
    this.#times = [];
    this.#writing = this.#writeAll(ids, values, times);
    // It is awaited later; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }

  /** Writes what was taken, and waits until all of it is acknowledged. */
  async finish(): Promise<void> {
    await this.write();
    await this.#writing;
  }

  async #writeAll(ids: string[], values: number[], times: number[]): Promise<void> {
    const order = this.#orderOf(ids);
    for (let from = 0; from < order.length; ) {
      from = await this.#access.write('upsert', (writer) =>
        inSlice(from, order.length, (i) => {
          const at = order[i]!;
          this.#put(writer, ids[at]!, values[at]!, times[at]!);
        }),
      );
    }
  }

  /** Neighbours together, so that they share the pages that a write copies (bench/stores: at random). */
  #orderOf(ids: readonly string[]): readonly number[] {
    const order = ids.map((_, at) => at);
    // Near the budget it is the first that get in, so the order counts.
    if (this.#maxSeries !== Number.POSITIVE_INFINITY) return order;
    // Sorting is stable: points of one series stay in their order.
    return order.sort((a, b) => (ids[a]! < ids[b]! ? -1 : ids[a]! > ids[b]! ? 1 : 0));
  }

  #put(writer: LedgerWriter, id: string, value: number, updatedAt: number): void {
    this.#onWritten(id, writer.write(id, value, updatedAt, this.#maxSeries));
  }
}

/** Does something for each number from `from` on, for a few ms; answers with the first that is left. */
export function inSlice(from: number, to: number, work: (i: number) => void): number {
  const deadline = performance.now() + SLICE_MS;
  for (let i = from; i < to; i++) {
    work(i);
    if ((i - from) % STRIDE === STRIDE - 1 && performance.now() > deadline) return i + 1;
  }
  return to;
}
