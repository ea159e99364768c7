import type { ReadOptions } from '../model/snapshot-reader.ts';
import { NoDelta, type ReadPart } from '../model/source-read.ts';
import type { CheckPage, DriverCalls } from './driver-calls.ts';
import type { KeptFamilies } from './kept-families.ts';

/** How a store is read. */
interface ReadingOptions {
  /** The most series in a batch of changes. */
  readonly most: number;
  /** Checks what the driver returns. */
  readonly check: CheckPage;
}

/** Reads a store for a refresh, in parts that end at the cursor that is returned. */
export class RefreshReading {
  readonly #calls: DriverCalls;
  readonly #families: KeptFamilies;
  readonly #options: ReadingOptions;

  constructor(calls: DriverCalls, families: KeptFamilies, options: ReadingOptions) {
    this.#calls = calls;
    this.#families = families;
    this.#options = options;
  }

  /** All families and series of one state. */
  async *all(options: ReadOptions): AsyncGenerator<ReadPart, string> {
    const frame = await this.#calls.openFrame('snapshot', options, this.#options.check);
    try {
      yield { kind: 'families', items: this.#families.inSteps(frame.records) };
      yield { kind: 'entries', items: frame.pages };
      // A driver may know it only now.
      return frame.cursor;
    } finally {
      frame.close();
    }
  }

  /**
   * All families, and the series that changed since a cursor.
   *
   * @throws NoDelta if the cursor is lost.
   */
  async *changes(since: string, { signal }: ReadOptions): AsyncGenerator<ReadPart, string> {
    const { most, check } = this.#options;
    const records = await this.#calls.records('families');
    yield { kind: 'families', items: this.#families.inSteps(records) };
    for (let from = since; ; ) {
      signal?.throwIfAborted();
      const changes = await this.#calls.call('snapshotDelta', (driver) =>
        driver.changes(from, most),
      );
      if (changes === 'lost') throw new NoDelta('reset');
      const { entries, next, more } = changes;
      // Another batch at the same place would be the same batch, for ever.
      if (more && next === from) throw new NoDelta('invalid_delta');
      yield { kind: 'entries', items: [check(entries)] };
      if (!more) return next;
      from = next;
    }
  }
}
