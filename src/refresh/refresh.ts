import { SnapscrapeError } from '../model/errors.ts';
import type {
  FamilyCatalog,
  FamilyMetadata,
  FamilyMetadataFault,
} from '../model/family-metadata.ts';
import { compareKeys } from '../model/key/index.ts';
import { describeSubject } from '../model/rejection.ts';
import { parseSeriesId, seriesId } from '../model/series-id.ts';
import type { IncrementalSnapshotReader, SnapshotReader } from '../model/snapshot-reader.ts';
import { applyChanges, type ChangeExtent } from '../snapshot/apply-changes.ts';
import {
  type ChangeList,
  changesInOrder,
  type DuplicatePolicy,
  sortChanges,
} from '../snapshot/change-list.ts';
import { type Family, familyOf, type Snapshot, snapshotOf } from '../snapshot/snapshot.ts';
import type { StagedFamily } from '../snapshot/staging.ts';
import { textOrder } from '../snapshot/text-order.ts';
import type { RefreshRun } from './refresh-run.ts';
import { checkCursor, forEachItem, isBackwards } from './source-items.ts';

/** Why a delta could not be used, so that everything was read again. */
export type FallbackReason = (typeof FALLBACK_REASONS)[number];

/**
 * Every {@link FallbackReason}: the source failed to give a delta, said `reset`, answered something
 * that is no delta or made no progress, went backwards, changed whether a family is a counter, or
 * failed to give a cursor.
 */
export const FALLBACK_REASONS = [
  'delta_failed',
  'reset',
  'invalid_delta',
  'cursor_backwards',
  'family_type_changed',
  'cursor_failed',
] as const;

/** What a refresh by delta came to. */
export type DeltaOutcome =
  | { readonly snapshot: Snapshot; readonly cursor: string }
  | { readonly fallback: FallbackReason; readonly cause?: unknown };

/** Reads everything. The cursor, if there is one, must have been read before. */
export async function refreshFully(
  source: SnapshotReader,
  run: RefreshRun,
  previous: Snapshot,
): Promise<Snapshot> {
  await run.readFamilies(source);
  const reply: unknown = await source.snapshot(run.readOptions);
  await forEachItem('snapshot()', reply, run.pace, (point) => run.takePoint(point));
  const cursor: unknown = (reply as { readonly cursor?: unknown }).cursor;
  run.exactCursor = typeof cursor === 'string' ? cursor : undefined;
  return mergeStaged(run, previous, 'complete', 'newest');
}

/** What a delta starts from. */
export interface DeltaBase {
  readonly snapshot: Snapshot;
  readonly cursor: string;
  /** The families as they were declared when the snapshot was read. */
  readonly catalog: FamilyCatalog;
}

/** Reads what changed since a cursor. Nothing of it counts unless all of it is sound. */
export async function refreshByDelta(
  source: IncrementalSnapshotReader,
  run: RefreshRun,
  base: DeltaBase,
): Promise<DeltaOutcome> {
  let next = base.cursor;
  try {
    await run.readFamilies(source);
    if (await hasChangedCounters(base, run)) return { fallback: 'family_type_changed' };
    for (let more = true; more; ) {
      const delta: unknown = await source.snapshotDelta(next, run.readOptions);
      const batch = await takeBatch(delta, next, run);
      if ('fallback' in batch) return batch;
      next = batch.cursor;
      more = batch.more;
    }
  } catch (error) {
    run.pace.throwIfAborted();
    const isReply = error instanceof SnapscrapeError && error.code === 'invalid_source_reply';
    return { fallback: isReply ? 'invalid_delta' : 'delta_failed', cause: error };
  }
  return { snapshot: await mergeStaged(run, base.snapshot, 'partial', 'last'), cursor: next };
}

type Batch =
  | { readonly cursor: string; readonly more: boolean }
  | { readonly fallback: FallbackReason };

async function takeBatch(delta: unknown, cursor: string, run: RefreshRun): Promise<Batch> {
  // An answer after the end of the refresh must not lead to a fallback that nobody waits for.
  run.pace.throwIfAborted();
  if (typeof delta !== 'object' || delta === null) return { fallback: 'invalid_delta' };
  const { nextCursor, events, reset, more } = delta as Record<string, unknown>;
  if (reset === true) return { fallback: 'reset' };
  const next = checkCursor('nextCursor', nextCursor);
  if (isBackwards(next, cursor)) return { fallback: 'cursor_backwards' };
  // Another batch at the same place would be the same batch, for ever.
  if (more === true && next === cursor) return { fallback: 'invalid_delta' };
  await forEachItem('delta events', events, run.pace, (event) => takeEvent(event, run));
  // Batches that are always ready would otherwise keep the event loop for themselves.
  if (run.pace.shouldYield()) await run.pace.yield();
  return { cursor: next, more: more === true };
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
 * Whether points were checked as a counter's and are not now, or the other way round. A counter
 * may have had no points left, all of them refused, so what was declared is asked beside what is
 * there.
 */
async function hasChangedCounters(
  { snapshot, catalog }: DeltaBase,
  { catalog: now, pace }: RefreshRun,
): Promise<boolean> {
  if (now === catalog) return false;
  const isCounter = (name: string): boolean => now.byName.get(name)?.type === 'counter';
  for (const { name, type } of catalog.byName.values()) {
    if (type === 'counter' && !isCounter(name)) return true;
    if (pace.shouldYield()) await pace.yield();
  }
  for (const { name, metadata } of snapshot.families) {
    if (metadata?.type !== 'counter' && isCounter(name)) return true;
    if (pace.shouldYield()) await pace.yield();
  }
  return false;
}

async function mergeStaged(
  run: RefreshRun,
  previous: Snapshot,
  extent: ChangeExtent,
  policy: DuplicatePolicy,
): Promise<Snapshot> {
  const families: Family[] = [];
  for (const step of sideBySide(previous.families, await stagedInOrder(run))) {
    // What a complete reading does not name has ended.
    if (step.staged !== undefined || extent === 'partial') {
      const family = await nextFamily(run, step, extent, policy);
      if (family !== undefined) families.push(family);
    }
    if (run.pace.shouldYield()) await run.pace.yield();
  }
  run.pace.end();
  return sameSnapshot(previous, families, run)
    ? previous
    : snapshotOf(families, run.catalog.faults);
}

/** The families with changes, in the order of their names. */
async function stagedInOrder({ staging, pace }: RefreshRun): Promise<readonly StagedFamily[]> {
  const families = staging.families();
  const order = await textOrder(
    families.map(({ name }) => name),
    pace,
  );
  return Array.from(order, (i) => families[i]!);
}

/** A family as it was, with what changed of it; one of both may be missing. */
type FamilyStep =
  | { readonly before: Family; readonly staged: StagedFamily | undefined }
  | { readonly before: undefined; readonly staged: StagedFamily };

/** Goes through families and changes of families, both in the order of their names. */
function* sideBySide(
  families: readonly Family[],
  changes: readonly StagedFamily[],
): Generator<FamilyStep, void, undefined> {
  let at = 0;
  for (const staged of changes) {
    for (; at < families.length && compareKeys(families[at]!.name, staged.name) < 0; at++) {
      yield { before: families[at]!, staged: undefined };
    }
    const isThere = families[at]?.name === staged.name;
    yield { before: isThere ? families[at++] : undefined, staged };
  }
  for (; at < families.length; at++) yield { before: families[at]!, staged: undefined };
}

async function nextFamily(
  run: RefreshRun,
  { before, staged }: FamilyStep,
  extent: ChangeExtent,
  policy: DuplicatePolicy,
): Promise<Family | undefined> {
  const { name } = before ?? staged;
  const declared = run.catalog.byName.get(name);
  const isSame = before !== undefined && sameMetadata(before.metadata, declared);
  // Keeping the object keeps what is derived from it.
  const metadata = isSame ? before.metadata : declared;
  const chunks = before?.chunks ?? [];
  let next = chunks;
  if (staged !== undefined) {
    const changes = await inSeriesOrder(run, staged, policy);
    next = await applyChanges(chunks, changes, extent, run.pace, run.builder);
  } else run.work.chunksShared += chunks.length;
  if (next.length === 0) return undefined;
  return isSame && sameItems(before.chunks, next) ? before : familyOf(name, metadata, next);
}

async function inSeriesOrder(
  run: RefreshRun,
  staged: StagedFamily,
  policy: DuplicatePolicy,
): Promise<ChangeList> {
  const isSnapshot = policy === 'newest';
  const known = isSnapshot && !staged.isSorted ? run.orders.get(staged.name) : undefined;
  const inKnown = known && (await changesInOrder(staged, known, run.pace));
  if (inKnown !== undefined) return inKnown;
  const changes = await sortChanges(staged, policy, run.pace, (family, at) => {
    if (isSnapshot) run.reject('duplicate', family.ids[at]!.slice(0, 200));
  });
  if (isSnapshot && !staged.isSorted) run.orders.set(staged.name, changes.order);
  return changes;
}

function sameSnapshot(previous: Snapshot, families: readonly Family[], run: RefreshRun): boolean {
  const faults = run.catalog.faults;
  return (
    sameItems(previous.families, families) &&
    faults.length === previous.familyFaults.length &&
    faults.every((fault, i) => isSameFault(fault, previous.familyFaults[i]!))
  );
}

function isSameFault(a: FamilyMetadataFault, b: FamilyMetadataFault): boolean {
  return a.name === b.name && a.message === b.message;
}

function sameMetadata(a: FamilyMetadata | undefined, b: FamilyMetadata | undefined): boolean {
  return a?.type === b?.type && a?.help === b?.help && a?.unit === b?.unit;
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
