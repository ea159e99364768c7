import { SnapscrapeError } from '../model/errors.ts';
import type { FamilyCatalog } from '../model/family-metadata.ts';
import { invalidOptions } from '../model/options.ts';
import { describeSubject } from '../model/rejection.ts';

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
 * @param most - how much of it is read. Default: everything.
 */
export function collect(
  method: string,
  given: unknown,
  most: number = Number.POSITIVE_INFINITY,
): unknown[] {
  if (typeof given !== 'object' || given === null || !(Symbol.iterator in given)) {
    throw invalidOptions(method, [
      `what was given (${describeSubject(given)}) must be an iterable`,
    ]);
  }
  try {
    const items: unknown[] = [];
    for (const item of given as Iterable<unknown>) {
      if (items.push(item) >= most) break;
    }
    return items;
  } catch (cause) {
    throw inputFailed(method, cause);
  }
}

/** Throws `invalid_options` that lists every fault of metadata that was given to a method. */
export function assertNoFaults(method: string, { faults }: FamilyCatalog): void {
  if (faults.length === 0) return;
  throw invalidOptions(
    method,
    faults.map((fault) => `${fault.name} ${fault.message}`),
  );
}

/** The error for an iteration that threw; the cause is what it threw. */
export function inputFailed(method: string, cause: unknown): SnapscrapeError {
  return new SnapscrapeError(
    'input_failed',
    `What was given to ${method}() threw while it was iterated; see the cause`,
    { cause },
  );
}
