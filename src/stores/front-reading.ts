import type { Awaitable, ReadOptions, SnapshotDelta } from '../model/snapshot-reader.ts';
import { after } from '../scheduling/work-queue.ts';
import type { DriverChanges } from './driver.ts';
import type { DriverCalls } from './driver-calls.ts';
import type { EntryReader, SeriesEvent, SnapshotSource } from './driver-reading.ts';

/** A delta whose events are all there at once. */
export interface StoreDelta extends SnapshotDelta {
  /** The changes, oldest first. */
  readonly events: readonly SeriesEvent[];
}

/** What a snapshot of a store reads; throws `closed` if the store is. */
export function snapshotSource(
  calls: DriverCalls,
  reader: EntryReader,
  options: ReadOptions,
): SnapshotSource {
  calls.assertOpen('snapshot');
  return {
    open: () => calls.openFrame('snapshot', options),
    check: () => {
      calls.assertOpen('snapshot');
      options.signal?.throwIfAborted();
    },
    reader,
  };
}

/**
 * What changed since a cursor.
 *
 * @param most - the most series in it.
 */
export function readDelta(
  calls: DriverCalls,
  reader: EntryReader,
  cursor: string,
  most: number,
): Awaitable<StoreDelta> {
  const changes = calls.call('snapshotDelta', (driver) =>
    typeof cursor === 'string' ? driver.changes(cursor, most) : 'lost',
  );
  return after(changes, (found: DriverChanges | 'lost') => {
    if (found !== 'lost') {
      const { entries, next, more } = found;
      return { nextCursor: next, events: reader.events(entries), more };
    }
    const head = calls.call('snapshotDelta', (driver) => driver.head());
    return after(head, (nextCursor) => ({ nextCursor, events: [], reset: true }));
  }) as Awaitable<StoreDelta>;
}
