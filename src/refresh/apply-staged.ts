import type { FamilyMetadata, FamilyMetadataFault } from '../model/family-metadata.ts';
import { compareKeys } from '../model/key/index.ts';
import { applyChanges } from '../snapshot/apply-changes.ts';
import { type ChangeList, changesInOrder, sortChanges } from '../snapshot/change-list.ts';
import { type Family, familyOf, type Snapshot, snapshotOf } from '../snapshot/snapshot.ts';
import type { StagedFamily } from '../snapshot/staging.ts';
import { textOrder } from '../snapshot/text-order.ts';
import type { RefreshKind } from './cache-stats.ts';
import type { RefreshRun } from './refresh-run.ts';

/**
 * The snapshot that follows from the one before and what a run staged. If nothing changed, it is
 * the one before.
 *
 * @param kind - what a full read does not name has ended; a delta names what changed.
 */
export async function applyStaged(
  run: RefreshRun,
  previous: Snapshot,
  kind: RefreshKind,
): Promise<Snapshot> {
  const families: Family[] = [];
  for (const step of sideBySide(previous.families, await stagedInOrder(run))) {
    if (step.staged !== undefined || kind === 'delta') {
      const family = await nextFamily(run, step, kind);
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
  kind: RefreshKind,
): Promise<Family | undefined> {
  const { name } = before ?? staged;
  const declared = run.catalog.byName.get(name);
  const isSame = before !== undefined && sameMetadata(before.metadata, declared);
  // Keeping the object keeps what is derived from it.
  const metadata = isSame ? before.metadata : declared;
  const chunks = before?.chunks ?? [];
  let next = chunks;
  if (staged !== undefined) {
    const changes = await inSeriesOrder(run, staged, kind);
    const extent = kind === 'full' ? 'complete' : 'partial';
    next = await applyChanges(chunks, changes, extent, run.pace, run.builder);
  } else run.work.chunksShared += chunks.length;
  if (next.length === 0) return undefined;
  return isSame && sameItems(before.chunks, next) ? before : familyOf(name, metadata, next);
}

async function inSeriesOrder(
  run: RefreshRun,
  staged: StagedFamily,
  kind: RefreshKind,
): Promise<ChangeList> {
  // A log has an order, so its last word counts; a snapshot has none.
  if (kind === 'delta') return sortChanges(staged, 'last', run.pace, () => undefined);
  const known = staged.isSorted ? undefined : run.orders.get(staged.name);
  const inKnown = known && (await changesInOrder(staged, known, run.pace));
  if (inKnown !== undefined) return inKnown;
  const changes = await sortChanges(staged, 'newest', run.pace, (family, at) => {
    run.reject('duplicate', family.ids[at]!.slice(0, 200));
  });
  if (!staged.isSorted) run.orders.set(staged.name, changes.order);
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
