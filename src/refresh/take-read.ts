import { SnapscrapeError } from '../model/errors.ts';
import type { FamilyCatalog } from '../model/family-metadata.ts';
import { describeSubject } from '../model/rejection.ts';
import { parseSeriesId, seriesId } from '../model/series-id.ts';
import { NoDelta, type ReadEnd, type ReadPart, type SourceReader } from '../model/source-read.ts';
import type { LastWrite } from '../model/write-stats.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { applyStaged } from './apply-staged.ts';
import type { RefreshKind } from './cache-stats.ts';
import type { RefreshRun } from './refresh-run.ts';
import { forEachItem } from './source-items.ts';
import { takeLastWrites } from './store-writes.ts';

/** What a read starts from. */
export interface ReadStart {
  /** The snapshot before. */
  readonly previous: Snapshot;
  /** The families as they were declared when the snapshot before was read. */
  readonly catalog: FamilyCatalog;
  /** The cursor to go on from; undefined if everything is read. */
  readonly since: string | undefined;
  /** Whether the next read is to go on from this one. */
  readonly needsResume: boolean;
}

/** What a read came to. */
export interface TakenRead {
  readonly snapshot: Snapshot;
  readonly kind: RefreshKind;
  /** Where the next delta begins: not after the snapshot, but perhaps before it. */
  readonly resume: string | undefined;
  /** The cursor of exactly this snapshot, if that is known. */
  readonly state: string | undefined;
  /** When the source was last written, or why that is not known; undefined if it does not tell. */
  readonly writes: PromiseSettledResult<readonly LastWrite[]> | undefined;
}

/**
 * Reads a source once and applies what was read to the snapshot before. Nothing of a read counts
 * unless all of it is sound.
 *
 * @throws NoDelta if this kind of read is not possible; everything may be read instead.
 */
export async function readOnce(
  source: SourceReader,
  run: RefreshRun,
  start: ReadStart,
): Promise<TakenRead> {
  const { previous, since, needsResume } = start;
  const kind = since === undefined ? 'full' : 'delta';
  let end: Partial<ReadEnd> = {};
  let writes: TakenRead['writes'];
  run.restart();
  try {
    for await (const part of source.read(since, { ...run.readOptions, needsResume })) {
      // The refresh may have ended while the source was waited for.
      run.pace.throwIfAborted();
      if (part.kind === 'end') end = part;
      else if (part.kind === 'lastWrites') {
        // Only the source's own failure is survived, not the end of the refresh.
        [writes] = await Promise.allSettled([takeLastWrites(part.items, run.pace)]);
        run.pace.throwIfAborted();
      } else await takePart(part, run);
      if (part.kind === 'families' && kind === 'delta') await refuseChangedCounters(start, run);
      // Parts that are always ready would otherwise keep the event loop for themselves.
      if (run.pace.shouldYield()) await run.pace.yield();
    }
  } catch (error) {
    run.pace.throwIfAborted();
    throw kind === 'delta' ? noDeltaOf(error) : error;
  }
  const { resume, state } = end;
  return { snapshot: await applyStaged(run, previous, kind), kind, resume, state, writes };
}

function noDeltaOf(error: unknown): NoDelta {
  if (error instanceof NoDelta) return error;
  const isReply = error instanceof SnapscrapeError && error.code === 'invalid_source_reply';
  return new NoDelta(isReply ? 'invalid_delta' : 'delta_failed', error);
}

function takePart({ kind, items }: Exclude<ReadPart, ReadEnd>, run: RefreshRun): Promise<void> {
  if (kind === 'families') return run.takeFamilies(items);
  if (kind === 'points') {
    return forEachItem('snapshot()', items, run.pace, (point) => run.takePoint(point));
  }
  return forEachItem('delta events', items, run.pace, (event) => takeEvent(event, run));
}

function takeEvent(event: unknown, run: RefreshRun): void {
  let isTaken = false;
  try {
    isTaken = takeKnownEvent(event as Record<string, unknown>, run);
  } catch {
    // No object, a property that throws, or an id that is no series.
  }
  if (!isTaken) run.reject('invalid_event', describeSubject(event));
}

/** Takes an event of a known kind; returns whether it was one. */
function takeKnownEvent(event: Record<string, unknown>, run: RefreshRun): boolean {
  const { deleted, point, seriesId: id } = event;
  if (deleted === true && typeof id === 'string') takeEndById(id, run);
  else if (point === undefined) return false;
  else if (deleted === true) run.takeEnd(point);
  else run.takeChange(point);
  return true;
}

function takeEndById(id: string, run: RefreshRun): void {
  // No series of this cache has so long an id, and reading it could take seconds.
  if (id.length > run.maxSeriesBytes) run.reject('series_too_long', describeSubject(id));
  else run.staging.end(seriesId(parseSeriesId(id)));
}

/**
 * Refuses a delta if points were checked as a counter's and are not now, or the other way round. A
 * counter may have no points left, as all of them were refused. So what was declared counts beside
 * what is there.
 */
async function refuseChangedCounters(
  { previous, catalog }: ReadStart,
  { catalog: now, pace }: RefreshRun,
): Promise<void> {
  if (now === catalog) return;
  const refuse = (name: string, wasCounter: boolean): void => {
    const isCounter = now.byName.get(name)?.type === 'counter';
    if (isCounter !== wasCounter) throw new NoDelta('family_type_changed');
  };
  for (const { name, type } of catalog.byName.values()) {
    if (type === 'counter') refuse(name, true);
    if (pace.shouldYield()) await pace.yield();
  }
  for (const { name, metadata } of previous.families) {
    refuse(name, metadata?.type === 'counter');
    if (pace.shouldYield()) await pace.yield();
  }
}
