import type { PointAdmission } from '../model/admission.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { FamilyCataloguer } from '../model/family-metadata.ts';
import { KeyWriter, labelsIn, readLabels } from '../model/key/index.ts';
import {
  type Checked,
  checkOptions,
  integerWithin,
  invalidOptions,
  numberWithin,
  type OptionCheck,
  oneOf,
} from '../model/options.ts';
import type { RejectedPoint, RejectionReason } from '../model/rejection.ts';
import type { Put } from './driver.ts';
import type { ReplaceOptions } from './store-group.ts';
import { assertNoFaults, collect } from './store-input.ts';

/** The default limit on series of a group. One write of so many takes up to some tens of ms. */
export const MOST_GROUP_SERIES = 10_000;
/** The greatest of all limits. */
const MOST_SERIES_LIMIT = 16_777_216;
const LONGEST_META = 65_536;
// A key needs a name before its labels.
const NAME = 'group';

/** Rejects and counts a point. */
export type RejectPoint = (reason: RejectionReason, subject: string) => RejectedPoint;

/**
 * The canonical text of a group's labels, which is its key in every store: `{job="backup"}`.
 *
 * Throws `invalid_options` if they are no labels.
 *
 * @param maxBytes - how long it may be.
 */
export function groupKey(method: string, labels: unknown, maxBytes: number): string {
  const writer = new KeyWriter(maxBytes);
  let isWritten = false;
  try {
    isWritten = writer.write(NAME, labels);
  } catch {
    // A getter or a proxy threw: what cannot be read is no label.
  }
  if (isWritten) return labelsIn(writer.key);
  const reason = writer.reason ?? 'invalid_labels';
  throw invalidOptions(method, [
    `group must be an object of label names and values, and it has a fault: ${reason}`,
  ]);
}

/** The labels in the key of a group; undefined if it is none. */
export function groupLabels(key: string): Readonly<Record<string, string>> | undefined {
  return readLabels(key);
}

type CheckedReplaceOptions = Checked<ReplaceOptions, 'families' | 'meta' | 'expiresAt'>;

const isMeta: OptionCheck = (value) =>
  typeof value === 'string' && value.length <= LONGEST_META && value.isWellFormed()
    ? undefined
    : `must be a well-formed text of up to ${LONGEST_META} characters`;
const isIterable: OptionCheck = (value) =>
  typeof value === 'object' && value !== null && Symbol.iterator in value
    ? undefined
    : 'must be an iterable of metadata';

/** Checks the options of `replace`; throws `invalid_options` with every fault. */
export function checkReplaceOptions(given: unknown): CheckedReplaceOptions {
  return checkOptions<CheckedReplaceOptions>(
    'replace',
    given,
    {
      scope: 'group',
      families: undefined,
      meta: undefined,
      expiresAt: undefined,
      maxSeries: MOST_GROUP_SERIES,
    },
    {
      scope: oneOf('group', 'families'),
      families: isIterable,
      meta: isMeta,
      expiresAt: numberWithin(-Number.MAX_VALUE, Number.MAX_VALUE, 'Unix milliseconds'),
      maxSeries: integerWithin(1, MOST_SERIES_LIMIT, 'series'),
    },
  );
}

/** Metadata as the texts that a driver keeps, by name. */
export function familyRecords(
  method: string,
  given: Iterable<unknown> | undefined,
): ReadonlyMap<string, string> {
  const catalog = new FamilyCataloguer();
  for (const family of given === undefined ? [] : collect(method, given)) catalog.add(family);
  assertNoFaults(method, catalog);
  return new Map(Array.from(catalog.byName, ([name, family]) => [name, JSON.stringify(family)]));
}

/**
 * Checks all points of a group. Throws at the first that cannot be in it, whose rejection is the
 * cause: `invalid_point`, or `store_full` if there are more than a group may have.
 */
export function groupPuts(
  points: unknown,
  admission: PointAdmission,
  reject: RejectPoint,
  maxSeries: number,
): ReadonlyMap<string, Put> {
  const puts = new Map<string, Put>();
  const refuse = (given: unknown, reason: RejectionReason): never => {
    const rejected = reject(reason, admission.subject(given));
    throw pointError(rejected);
  };
  for (const given of collect('replace', points, maxSeries + 1)) {
    if (!admission.admit(given)) refuse(given, admission.reason!);
    const key = admission.id!;
    if (puts.has(key)) refuse(given, 'duplicate');
    if (puts.size >= maxSeries) throw tooManySeries(reject('series_limit', key), maxSeries);
    const { payload, updatedAt: time, isTimeSupplied } = admission;
    puts.set(key, { key, payload, time, isTimeSupplied });
  }
  return puts;
}

/** The error for a group that would have too many series. */
export function tooManySeries(cause: RejectedPoint, maxSeries: number): SnapscrapeError {
  return new SnapscrapeError(
    'store_full',
    `replace() would give the group more than ${maxSeries} series; nothing was written. ` +
      'Put the rest into another group, or raise maxSeries of the call',
    { cause },
  );
}

function pointError(cause: RejectedPoint): SnapscrapeError {
  return new SnapscrapeError(
    'invalid_point',
    `replace() was given a point that cannot be stored, ${cause.subject}: ${cause.reason}; ` +
      'nothing was written',
    { cause },
  );
}
