import type { Database, Transaction } from 'lmdb';
import type { IndexEntry, LongSeries } from './series-index.ts';
import type { KeyRange, SeriesKey } from './series-key.ts';

/**
 * Goes through the series of a read transaction in order. The result is in the fields, which
 * spares an object for each of a million series (bench/stores: a snapshot).
 */
export class SeriesWalk {
  /** The id of the current series. */
  id = '';
  /** The slot of the current series. */
  slot = 0;
  readonly #entries: Iterator<{ key: SeriesKey; value: IndexEntry }>;
  // Long series that share a key come one after the other.
  #long: readonly LongSeries[] = [];
  #nextLong = 0;

  constructor(series: Database<IndexEntry, SeriesKey>, transaction: Transaction, range: KeyRange) {
    this.#entries = series.getRange({ ...range, transaction })[Symbol.iterator]();
  }

  /** Goes to the next series; returns whether there was one. */
  advance(): boolean {
    for (;;) {
      if (this.#nextLong < this.#long.length) return this.#take(this.#long[this.#nextLong++]!);
      const next = this.#entries.next();
      if (next.done === true) return false;
      const { key, value } = next.value;
      if (typeof value === 'number') {
        this.id = key as string;
        this.slot = value;
        return true;
      }
      this.#long = value;
      this.#nextLong = 0;
    }
  }

  /** Lets go of the cursor, which must be done before the transaction ends. */
  close(): void {
    this.#entries.return?.();
  }

  #take({ id, slot }: LongSeries): true {
    this.id = id;
    this.slot = slot;
    return true;
  }
}
