import { setImmediate } from 'node:timers/promises';
import { SnapscrapeError } from '../model/errors.ts';
import { type FamilyCatalog, FamilyCataloguer } from '../model/family-metadata.ts';
import { invalidOptions } from '../model/options.ts';
import { describeSubject } from '../model/rejection.ts';
import { canonicalSeriesId } from './series-target.ts';

/** How many families or ids are checked before others run. */
const STRIDE = 1024;

/** What was given to be written, as something to iterate. */
export type StoreInput =
  | { readonly kind: 'sync'; readonly points: Iterable<unknown> }
  | { readonly kind: 'async'; readonly points: AsyncIterable<unknown> };

/**
 * Sorts out whether one point, many, or many over time were given.
 *
 * Throws `invalid_options` when it is none of these; whether a point is valid is not looked at.
 *
 * @param method - the store's method that it was given to, named in the error.
 */
export function sortInput(method: string, given: unknown): StoreInput {
  if (typeof given === 'object' && given !== null) {
    try {
      if (Symbol.asyncIterator in given) {
        return { kind: 'async', points: given as AsyncIterable<unknown> };
      }
      if (Symbol.iterator in given) return { kind: 'sync', points: given as Iterable<unknown> };
      // To forget to await what makes the points is an easy mistake; no point is a promise.
      if (!('then' in given)) return { kind: 'sync', points: [given] };
    } catch {
      // A proxy that cannot be looked at is refused like any other bad point.
      return { kind: 'sync', points: [given] };
    }
  }
  throw invalidOptions(method, [
    `points (${describeSubject(given)}) must be a point, an iterable or an async iterable`,
  ]);
}

/**
 * Reads a whole iterable before anything is done with it.
 *
 * @param method - the store's method that it was given to, named in the error.
 */
export function collect(method: string, given: unknown): unknown[] {
  if (typeof given !== 'object' || given === null || !(Symbol.iterator in given)) {
    throw invalidOptions(method, [
      `what was given (${describeSubject(given)}) must be an iterable`,
    ]);
  }
  try {
    return [...(given as Iterable<unknown>)];
  } catch (cause) {
    throw inputFailed(method, cause);
  }
}

/**
 * Checks what was given to `setFamilies()`; fails with `invalid_options` that lists every fault.
 */
export function collectFamilies(
  given: unknown,
): FamilyCatalog['byName'] | Promise<FamilyCatalog['byName']> {
  const catalog = new FamilyCataloguer();
  const checked = (): FamilyCatalog['byName'] => {
    assertNoFaults(catalog);
    return catalog.byName;
  };
  const checking = forEachGiven(collect('setFamilies', given), (family) => catalog.add(family));
  return checking === undefined ? checked() : checking.then(checked);
}

/** Throws `invalid_options` that lists every fault of what was given to `setFamilies()`. */
export function assertNoFaults({ faults }: FamilyCatalog): void {
  if (faults.length === 0) return;
  throw invalidOptions(
    'setFamilies',
    faults.map((fault) => `${fault.name} ${fault.message}`),
  );
}

/**
 * Checks the series ids that were given to `delete()`, and returns them in their canonical form.
 */
export function collectIds(given: unknown): readonly string[] | Promise<readonly string[]> {
  const ids: string[] = [];
  const checking = forEachGiven(collect('delete', given), (id) => ids.push(canonicalSeriesId(id)));
  return checking === undefined ? ids : checking.then(() => ids);
}

/** Goes through a few at once, so that no later call comes before; through many in slices. */
function forEachGiven(
  given: readonly unknown[],
  take: (item: unknown) => void,
): Promise<void> | undefined {
  if (given.length > STRIDE) return takeInSlices(given, take);
  for (const item of given) take(item);
  return undefined;
}

async function takeInSlices(
  given: readonly unknown[],
  take: (item: unknown) => void,
): Promise<void> {
  for (const [at, item] of given.entries()) {
    if (at > 0 && at % STRIDE === 0) await setImmediate();
    take(item);
  }
}

/** The error for an iteration that threw; the cause is what it threw. */
export function inputFailed(method: string, cause: unknown): SnapscrapeError {
  return new SnapscrapeError(
    'input_failed',
    `What was given to ${method}() threw while it was iterated; see the cause`,
    { cause },
  );
}
