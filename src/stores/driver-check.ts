import { SnapscrapeError } from '../model/errors.ts';
import { invalidOptions } from '../model/options.ts';
import { describeSubject } from '../model/rejection.ts';
import type { Commit, CommitRefusal, PutOutcome, StoreDriver } from './driver.ts';

const OUTCOMES: ReadonlySet<unknown> = new Set<PutOutcome | undefined>([
  'added',
  'changed',
  'unchanged',
  'older',
  'owned',
  undefined,
]);
const REFUSALS: ReadonlySet<unknown> = new Set<CommitRefusal['reason']>([
  'owned_by_group',
  'owned_by_none',
  'series_limit',
]);
const METHODS = ['head', 'commit', 'frame', 'changes', 'close'] as const;

/** Throws `invalid_options` with every fault of what was given to `createStoreOver` as a driver. */
export function assertDriver(given: unknown): asserts given is StoreDriver {
  if (typeof given !== 'object' || given === null) {
    throw invalidOptions('createStoreOver', [
      `driver (${describeSubject(given)}) must be an object`,
    ]);
  }
  const driver = given as Readonly<Record<string, unknown>>;
  const faults = METHODS.filter((name) => typeof driver[name] !== 'function').map(
    (name) => `driver.${name} must be a method`,
  );
  const limits = (driver.limits ?? {}) as Readonly<Record<string, unknown>>;
  for (const name of ['keyBytes', 'payloadBytes'] as const) {
    const limit = limits[name];
    if (typeof limit !== 'number' || !(limit >= 0)) {
      faults.push(`driver.limits.${name} (${describeSubject(limit)}) must be a number from 0 on`);
    }
  }
  const { commit } = limits;
  if (!Number.isSafeInteger(commit) || (commit as number) < 1) {
    faults.push(`driver.limits.commit (${describeSubject(commit)}) must be an integer from 1 on`);
  }
  for (const name of limits.groups === true ? (['group', 'groups'] as const) : []) {
    if (typeof driver[name] === 'function') continue;
    faults.push(`driver.${name} must be a method, as driver.limits.groups is true`);
  }
  if (faults.length > 0) throw invalidOptions('createStoreOver', faults);
}

/**
 * Throws `store_unavailable` if what a driver returned for a commit does not tell what became of
 * each put, so that nothing of the commit is acknowledged.
 */
export function assertCommitted(given: unknown, { puts, ends, group }: Commit): void {
  const { outcomes, ended, refused } = Object(given) as Readonly<Record<string, unknown>>;
  if (refused !== undefined) {
    const { reason, key } = Object(refused) as Readonly<Record<string, unknown>>;
    const isSound = reason === 'conflict' || (REFUSALS.has(reason) && typeof key === 'string');
    if (group !== undefined && isSound) return;
    throw wrongReply(`the refusal ${describeSubject(reason)}`);
  }
  if (!Array.isArray(outcomes)) {
    throw wrongReply(`no outcomes (${describeSubject(given)})`);
  }
  if (outcomes.length !== puts.length) {
    throw wrongReply(`${outcomes.length} outcomes for ${puts.length} puts`);
  }
  for (const outcome of outcomes as readonly unknown[]) {
    if (!OUTCOMES.has(outcome)) throw wrongReply(`the outcome ${describeSubject(outcome)}`);
  }
  if (ends.length > 0 && !Number.isSafeInteger(ended)) {
    throw wrongReply(`no count of ended series (${describeSubject(ended)})`);
  }
}

function wrongReply(what: string): SnapscrapeError {
  return new SnapscrapeError(
    'store_unavailable',
    `The driver of the store returned ${what} from commit(); it must return what became of each ` +
      'put, and how many series ended',
  );
}
