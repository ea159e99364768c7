import type { ReadOptions } from '../model/snapshot-reader.ts';
import { NoDelta, type ReadPart } from '../model/source-read.ts';
import type { CheckPage, DriverCalls } from './driver-calls.ts';
import type { KeptFamilies } from './kept-families.ts';

/** What a store is read by, for a refresh. */
export interface RefreshReading {
  readonly calls: DriverCalls;
  readonly families: KeptFamilies;
  /** The most series in a batch of changes. */
  readonly most: number;
  /** Checks what the driver returns. */
  readonly check: CheckPage;
}

/** All families and series of one state, in parts; returns the cursor at which they end. */
export async function* readAll(
  { calls, families, check }: RefreshReading,
  options: ReadOptions,
): AsyncGenerator<ReadPart, string> {
  const frame = await calls.openFrame('snapshot', options, check);
  try {
    yield { kind: 'families', items: families.inSteps(frame.records) };
    yield { kind: 'entries', items: frame.pages };
    // A driver may know it only now.
    return frame.cursor;
  } finally {
    frame.close();
  }
}

/**
 * All families, and the series that changed since a cursor; returns the cursor at which they end.
 *
 * @throws NoDelta if the cursor is lost.
 */
export async function* readChanges(
  { calls, families, most, check }: RefreshReading,
  since: string,
  { signal }: ReadOptions,
): AsyncGenerator<ReadPart, string> {
  yield { kind: 'families', items: families.inSteps(await calls.records('families')) };
  for (let from = since; ; ) {
    signal?.throwIfAborted();
    const changes = await calls.call('snapshotDelta', (driver) => driver.changes(from, most));
    if (changes === 'lost') throw new NoDelta('reset');
    const { entries, next, more } = changes;
    // Another batch at the same place would be the same batch, for ever.
    if (more && next === from) throw new NoDelta('invalid_delta');
    yield { kind: 'entries', items: [check(entries)] };
    if (!more) return next;
    from = next;
  }
}
