import { FamilyCataloguer, type FamilyMetadata } from '../model/family-metadata.ts';
import type { SlicedWork } from '../scheduling/work-queue.ts';
import type { SeriesLedger } from './series-ledger.ts';
import { canonicalSeriesId, type SeriesPredicate } from './series-target.ts';
import { assertNoFaults } from './store-input.ts';

/** How many points or series are looked at in a slice, which takes a few ms. */
export const SLICE = 4096;
// So many are looked at before a call returns, so that code which does not await it sees its
// effect.
const AT_ONCE = 5 * SLICE;

/** Whether work rests after so many points or series. */
export function isPause(done: number): boolean {
  return done >= AT_ONCE && done % SLICE === 0;
}

/** Throws if the store was closed meanwhile. */
export type AssertOpen = () => void;

/** Ends series by ids from outside, all of which are checked before the first is ended. */
export function* endSeries(
  ledger: SeriesLedger,
  given: readonly unknown[],
  assertOpen: AssertOpen,
): SlicedWork<number> {
  assertOpen();
  const ids: string[] = [];
  for (const id of given) {
    if (isPause(ids.length)) yield;
    // An id that the store has needs no reading, which makes ending many series cheap.
    const stored = typeof id === 'string' ? ledger.storedId(id) : undefined;
    ids.push(stored ?? canonicalSeriesId(id));
  }
  let ended = 0;
  for (let from = 0; from < ids.length; from += SLICE) {
    if (isPause(from)) yield;
    assertOpen();
    ended += ledger.end(ids.slice(from, from + SLICE));
  }
  return ended;
}

/** Ends the series that a predicate chooses. */
export function* endMatching(
  ledger: SeriesLedger,
  isChosen: SeriesPredicate,
  assertOpen: AssertOpen,
): SlicedWork<number> {
  assertOpen();
  const { size } = ledger;
  let ended = 0;
  // What is moved down by a removal comes from above, where everything has been looked at.
  for (let above = size; above > 0; above -= SLICE) {
    if (isPause(size - above)) {
      yield;
      assertOpen();
    }
    const lowest = Math.max(0, above - SLICE);
    ended += ledger.endWhere(isChosen, Math.min(above, ledger.size), lowest);
  }
  return ended;
}

/** Sets metadata from outside, all of which is checked before the first is set. */
export function* setFamilies(
  families: Map<string, FamilyMetadata>,
  given: readonly unknown[],
  assertOpen: AssertOpen,
): SlicedWork<void> {
  assertOpen();
  const catalog = new FamilyCataloguer();
  for (const [at, family] of given.entries()) {
    if (isPause(at)) yield;
    catalog.add(family);
  }
  assertNoFaults(catalog);
  const { byName } = catalog;
  let set = 0;
  for (const [name, family] of byName) {
    if (isPause(set++)) yield;
    assertOpen();
    families.set(name, Object.freeze(family));
  }
}
