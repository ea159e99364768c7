import type { SnapshotDelta } from '../../model/snapshot-reader.ts';
import { ChangeRecords } from './change-records.ts';
import { DeltaChains } from './delta-chains.ts';
import { eventsOf } from './frame-reading.ts';
import type { LedgerAccess } from './ledger-access.ts';
import type { LedgerState } from './ledger-state.ts';
import { lmdbFailure } from './lmdb-failure.ts';
import type { CheckedLmdbStoreOptions } from './lmdb-store-options.ts';
import type { OnRefused } from './point-reader.ts';
import type { ReadFrame } from './read-frame.ts';

// A delta of so few series is read at once; a larger one as it is iterated, so that it does
// not hold the event loop.
const FEW = 256;

/**
 * Reads deltas. Cursors are `<epoch>:<number of changes>`; the epoch tells the data set from all
 * others, so a cursor is good for every process on the file.
 */
export class DeltaReader {
  readonly #access: LedgerAccess;
  readonly #batchSize: number;
  readonly #onRefused: OnRefused;
  readonly #epoch: string;
  readonly #changes: ChangeRecords;
  readonly #chains = new DeltaChains();

  /** @param onRefused - called with records that are no points. */
  constructor(access: LedgerAccess, options: CheckedLmdbStoreOptions, onRefused: OnRefused) {
    this.#access = access;
    this.#batchSize = options.deltaBatchSize;
    this.#onRefused = onRefused;
    this.#epoch = access.environment.state.epoch();
    this.#changes = new ChangeRecords(access.environment.changes, options.changeLogSize);
  }

  /** The cursor of a number of changes. */
  cursorAt(sequence: number): string {
    return `${this.#epoch}:${sequence}`;
  }

  /** What changed since a cursor; see `LmdbStore.snapshotDelta`. */
  read(cursor: string): SnapshotDelta {
    this.#access.assertOpen('snapshotDelta');
    const frame = this.#chains.take(cursor) ?? this.#access.openFrame('snapshotDelta');
    try {
      return this.#batchOf(cursor, frame);
    } catch (cause) {
      frame.close();
      throw lmdbFailure('read', this.#access.environment.path, cause);
    }
  }

  #batchOf(cursor: string, frame: ReadFrame): SnapshotDelta {
    const { state, transaction } = frame;
    const from = this.#sequenceOf(cursor, state);
    const changes =
      from === undefined ? undefined : this.#changes.since(from, this.#batchSize, transaction);
    // A log that says nothing of what follows has lost it.
    if (changes === undefined || (changes.end === from && from < state.sequence)) {
      frame.close();
      return { nextCursor: this.cursorAt(state.sequence), events: [], reset: true };
    }
    const { ids, end } = changes;
    const nextCursor = this.cursorAt(end);
    const more = end < state.sequence;
    if (more) this.#chains.keep(nextCursor, frame);
    const events = eventsOf(this.#access.environment, frame, ids, this.#onRefused);
    return { nextCursor, events: ids.length <= FEW ? [...events] : events, more };
  }

  #sequenceOf(cursor: unknown, { oldest, sequence }: LedgerState): number | undefined {
    if (typeof cursor !== 'string') return undefined;
    const at = Number(cursor.slice(this.#epoch.length + 1));
    // Written back and compared, so that nothing but the very text of a cursor is one.
    if (!Number.isSafeInteger(at) || cursor !== this.cursorAt(at)) return undefined;
    return at >= oldest && at <= sequence ? at : undefined;
  }
}
