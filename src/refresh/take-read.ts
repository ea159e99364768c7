import type { Entries } from '../model/entries.ts';
import { SnapscrapeError } from '../model/errors.ts';
import type { FamilyCatalog, FamilyType } from '../model/family-metadata.ts';
import { describeSubject } from '../model/rejection.ts';
import { parseSeriesId, seriesId } from '../model/series-id.ts';
import type { Many } from '../model/snapshot-reader.ts';
import { NoDelta, type ReadEnd, type ReadPart, type SourceReader } from '../model/source-read.ts';
import type { LastWrite } from '../model/write-stats.ts';
import { familyPlace, type Snapshot } from '../snapshot/snapshot.ts';
import { applyStaged } from './apply-staged.ts';
import type { RefreshKind } from './cache-stats.ts';
import type { LineOrder } from './line-order.ts';
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
  /** In which order the next read is expected to name the lines; undefined for theirs. */
  readonly order: LineOrder;
  /** By which numbers of series that is, if it is. */
  readonly layout: object | undefined;
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
  run.restart(kind, previous);
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
      if (part.kind === 'families' && kind === 'delta') await rejectChangedTypes(start, run);
      // Parts that are always ready would otherwise keep the event loop for themselves.
      if (run.pace.shouldYield()) await run.pace.yield();
    }
  } catch (error) {
    run.pace.throwIfAborted();
    throw kind === 'delta' ? noDeltaOf(error) : error;
  }
  const { resume, state } = end;
  run.beginPoints();
  const { snapshot, order, layout } = await applyStaged(run, previous, kind);
  return { snapshot, order, layout, kind, resume, state, writes };
}

function noDeltaOf(error: unknown): NoDelta {
  if (error instanceof NoDelta) return error;
  const isReply = error instanceof SnapscrapeError && error.code === 'invalid_source_reply';
  return new NoDelta(isReply ? 'invalid_delta' : 'delta_failed', error);
}

function takePart(part: Exclude<ReadPart, ReadEnd>, run: RefreshRun): Promise<void> {
  const { kind, items } = part;
  if (kind === 'families') return run.takeFamilies(items);
  run.beginPoints();
  if (kind === 'entries') return takePages(part.items, run, part.isTyped === true);
  if (kind === 'points') {
    return forEachItem('snapshot()', items, run.pace, (point) => run.takePoint(point));
  }
  return forEachItem('delta events', items, run.pace, (event) => takeEvent(event, run));
}

/** How many entries are taken between two looks at the clock. */
const STRIDE = 64;

async function takePages(pages: Many<Entries>, run: RefreshRun, isTyped: boolean): Promise<void> {
  const { pace } = run;
  const isWaitedFor = Symbol.asyncIterator in pages;
  for await (const page of pages) {
    pace.throwIfAborted();
    // A page may have been long in coming, which was no work of ours.
    if (isWaitedFor && pace.shouldYield()) await pace.yieldAfterWait();
    for (let first = 0; first < page.keys.length; first += STRIDE) {
      run.takeEntries(page, first, Math.min(first + STRIDE, page.keys.length), isTyped);
      if (pace.shouldYield()) await pace.yield();
    }
  }
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
  else run.end(seriesId(parseSeriesId(id)));
}

/**
 * Rejects a delta if the type of a family is another one now: its points were checked by that. Of a
 * family that was not declared, none may be left, as all of them were left out.
 */
async function rejectChangedTypes(
  { previous, catalog }: ReadStart,
  { catalog: now, leftOut, pace }: RefreshRun,
): Promise<void> {
  if (now === catalog) return;
  for (const { name, type } of catalog.byName.values()) {
    if (typeIn(now, name) !== type) throw new NoDelta('family_type_changed');
    if (pace.shouldYield()) await pace.yield();
  }
  for (const { name, type } of now.byName.values()) {
    if (typeIn(catalog, name) !== type) {
      const isKnown = leftOut.has(name) || familyPlace(previous.families, name) !== undefined;
      if (isKnown) throw new NoDelta('family_type_changed');
    }
    if (pace.shouldYield()) await pace.yield();
  }
}

function typeIn({ byName }: FamilyCatalog, name: string): FamilyType {
  return byName.get(name)?.type ?? 'gauge';
}
