import type { DriverChanges } from '../driver.ts';
import { ChangeRecords } from './change-records.ts';
import { DeltaChains } from './delta-chains.ts';
import { entriesOf } from './frame-reading.ts';
import type { LedgerAccess } from './ledger-access.ts';
import type { LedgerState } from './ledger-state.ts';
import type { ReadFrame } from './read-frame.ts';

// A batch is read at once; so many changes take a few ms.
const MOST_IN_BATCH = 1_024;

/**
 * Reads deltas. Cursors are `<epoch>:<number of changes>`; the epoch tells the data set from all
 * others, so a cursor is good for every process on the file.
 */
export class DeltaReader {
  readonly #access: LedgerAccess;
  readonly #epoch: string;
  readonly #changes: ChangeRecords;
  readonly #chains = new DeltaChains();

  constructor(access: LedgerAccess) {
    const { state, changes } = access.environment;
    this.#access = access;
    this.#epoch = state.epoch();
    this.#changes = new ChangeRecords(changes, Number.POSITIVE_INFINITY);
  }

  /** The cursor of a state. */
  cursorOf({ sequence }: Pick<LedgerState, 'sequence'>): string {
    return `${this.#epoch}:${sequence}`;
  }

  /** What changed since a cursor; see `StoreDriver.changes`. */
  read(cursor: string, most: number): DriverChanges | 'lost' {
    const frame = this.#chains.take(cursor) ?? this.#access.openFrame();
    let next: string | undefined;
    try {
      const changes = this.#batchOf(cursor, Math.min(most, MOST_IN_BATCH), frame);
      if (changes !== 'lost' && changes.more) next = changes.next;
      return changes;
    } finally {
      if (next === undefined) frame.close();
      else this.#chains.keep(next, frame);
    }
  }

  #batchOf(cursor: string, most: number, frame: ReadFrame): DriverChanges | 'lost' {
    const { state, transaction } = frame;
    const from = this.#sequenceOf(cursor, state);
    if (from === undefined) return 'lost';
    const changes = this.#changes.since(from, most, transaction);
    // A log that says nothing of what follows has lost it.
    if (changes === undefined || (changes.end === from && from < state.sequence)) return 'lost';
    const { ids, end } = changes;
    const next = this.cursorOf({ sequence: end });
    return {
      entries: entriesOf(this.#access.environment, frame, ids),
      next,
      more: end < state.sequence,
    };
  }

  #sequenceOf(cursor: string, { oldest, sequence }: LedgerState): number | undefined {
    const at = Number(cursor.slice(this.#epoch.length + 1));
    // Written back and compared, so that nothing but the very text of a cursor is one.
    if (!Number.isSafeInteger(at) || cursor !== this.cursorOf({ sequence: at })) return undefined;
    return at >= oldest && at <= sequence ? at : undefined;
  }
}
