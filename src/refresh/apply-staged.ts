import type { FamilyMetadata, FamilyMetadataFault } from '../model/family-metadata.ts';
import { compareKeys } from '../model/key/index.ts';
import { applyChanges, type StagedSet } from '../snapshot/apply-changes.ts';
import { ChangeList, sortChanges } from '../snapshot/change-list.ts';
import {
  type Family,
  familyOf,
  familyPlace,
  type Snapshot,
  snapshotOf,
} from '../snapshot/snapshot.ts';
import { StagedFamily } from '../snapshot/staging.ts';
import { textOrder } from '../snapshot/text-order.ts';
import type { RefreshKind } from './cache-stats.ts';
import { type FamilyRead, type LineOrder, NO_LINE } from './line-order.ts';
import type { RefreshRun } from './refresh-run.ts';

const NO_CHANGES = new ChangeList(new StagedFamily(''), new Uint32Array(0), 0);

/** What the changes of a run lead to. */
export interface AppliedRun {
  readonly snapshot: Snapshot;
  /** In which order the next read is expected to name the lines; undefined for theirs. */
  readonly order: LineOrder;
  /** By which numbers of series that is, if it is. */
  readonly layout: object | undefined;
}

/**
 * The snapshot that follows from the one before and what a run staged. If nothing changed, it is
 * the one before. What a full read does not name has ended; a delta names what changed.
 */
export async function applyStaged(
  run: RefreshRun,
  previous: Snapshot,
  kind: RefreshKind,
): Promise<AppliedRun> {
  const { known, pace } = run;
  if (kind === 'full') rejectRepeated(run);
  const isComplete = kind === 'full';
  const families: Family[] = [];
  const reads: FamilyRead[] = [];
  let firstChunk = 0;
  let hasMoved = false;
  for (const step of sideBySide(previous.families, await stagedInOrder(run))) {
    const endChunk = firstChunk + (step.before?.chunks.length ?? 0);
    const staged = known.staged.chunks.slice(firstChunk, endChunk);
    const changes = step.staged ? await inSeriesOrder(run, step.staged, kind) : NO_CHANGES;
    const placedAt = new Uint32Array(changes.length).fill(NO_LINE);
    const set = { staged, isComplete, placedAt, hasMoved: false };
    const family = await nextFamily(run, step, changes, set);
    if (family !== undefined) {
      families.push(family);
      reads.push({ firstChunk, endChunk, changes, placedAt });
    }
    hasMoved ||= set.hasMoved;
    firstChunk = endChunk;
    if (pace.shouldYield()) await pace.yield();
  }
  let order: LineOrder;
  const layout = known.layoutAfter(hasMoved);
  if (kind === 'full') order = await known.log.order(known.staged, reads, pace);
  else if (layout !== undefined) {
    order = await known.log.orderOfSlots(known.staged, reads, hasMoved, pace);
  } else if (!hasMoved) order = known.log.orderOfDelta(known.staged, reads);
  const all = await withEmptyFamilies(run, previous, families);
  pace.end();
  const isSame = sameSnapshot(previous, all, run);
  const snapshot = isSame ? previous : snapshotOf(all, run.catalog.faults);
  return { snapshot, order, layout };
}

/** Counts points that lost to another one of the series that the snapshot before has. */
function rejectRepeated(run: RefreshRun): void {
  const { places, repeated } = run.known.staged;
  for (const line of repeated) {
    places.find(line);
    run.reject('duplicate', places.chunks[places.chunk]!.id(places.line).slice(0, 200));
  }
}

/** The families that have lines, and all others that are declared, in the order of their names. */
async function withEmptyFamilies(
  { catalog, pace }: RefreshRun,
  previous: Snapshot,
  families: readonly Family[],
): Promise<readonly Family[]> {
  const names = new Set(families.map(({ name }) => name));
  const empty: Family[] = [];
  for (const metadata of catalog.byName.values()) {
    if (pace.shouldYield()) await pace.yield();
    const { name } = metadata;
    if (names.has(name)) continue;
    const before = previous.families[familyPlace(previous.families, name) ?? -1];
    const isSame = before?.series === 0 && sameMetadata(before.metadata, metadata);
    empty.push(isSame ? before : familyOf(name, metadata, []));
  }
  if (empty.length === 0) return families;
  const all = [...families, ...empty];
  const { order } = await textOrder(
    all.map(({ name }) => name),
    pace,
  );
  return Array.from(order, (i) => all[i]!);
}

/** The families with changes, in the order of their names. */
async function stagedInOrder({ staging, pace }: RefreshRun): Promise<readonly StagedFamily[]> {
  const families = staging.families();
  const { order } = await textOrder(
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
  changes: ChangeList,
  set: StagedSet,
): Promise<Family | undefined> {
  const { name } = before ?? staged;
  const declared = run.catalog.byName.get(name);
  const isSame = before !== undefined && sameMetadata(before.metadata, declared);
  // Keeping the object keeps what is derived from it.
  const metadata = isSame ? before.metadata : declared;
  const chunks = before?.chunks ?? [];
  let next = chunks;
  if (changes.length > 0 || set.staged.some((chunk) => chunk !== undefined)) {
    next = await applyChanges(chunks, changes, set, run.pace, run.builder);
  } else if (set.isComplete) return undefined;
  else run.work.chunksShared += chunks.length;
  if (next.length === 0) return undefined;
  return isSame && sameItems(before.chunks, next) ? before : familyOf(name, metadata, next);
}

/** The changes of a family. Of two in a log the last counts; a snapshot has no order. */
function inSeriesOrder(
  run: RefreshRun,
  staged: StagedFamily,
  kind: RefreshKind,
): Promise<ChangeList> {
  if (kind === 'delta') return sortChanges(staged, 'last', run.pace, () => undefined);
  return sortChanges(staged, 'newest', run.pace, (family, at) => {
    run.reject('duplicate', family.ids[at]!.slice(0, 200));
  });
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
