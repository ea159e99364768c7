import type { PointAdmission } from '../model/admission.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { nameOf } from '../model/key/index.ts';
import { invalidOptions } from '../model/options.ts';
import type { Awaitable } from '../model/snapshot-reader.ts';
import { after, settled, type Work } from '../scheduling/work-queue.ts';
import type { Commit, CommitRefusal, Committed, Put, StoreDriver, StoredGroup } from './driver.ts';
import type { DriverCalls } from './driver-calls.ts';
import { GroupExpiry } from './group-expiry.ts';
import {
  checkReplaceOptions,
  familyRecords,
  groupKey,
  groupLabels,
  groupPuts,
  type RejectPoint,
  tooManySeries,
} from './group-input.ts';
import { tellSweepFailed } from './retention.ts';
import type { ReplaceResult, StoreGroup } from './store-group.ts';
import type { StoreWrites } from './store-writes.ts';

/** How often a group is read anew because another call replaced it meanwhile. */
const MOST_ATTEMPTS = 100;

type GroupWithKeys = StoredGroup & { readonly keys: readonly string[] };

/** What a replacement is made of, whatever the group is before it. */
interface Replacement {
  readonly key: string;
  readonly puts: ReadonlyMap<string, Put>;
  readonly records: ReadonlyMap<string, string>;
  readonly scope: 'group' | 'families';
  readonly meta: string | undefined;
  readonly expiresAt: number | undefined;
  readonly maxSeries: number;
}

/** What group writes need of their store. */
interface GroupContext {
  readonly admission: PointAdmission;
  /** The longest key in bytes. */
  readonly maxKeyBytes: number;
  readonly isSupported: boolean;
  /** Whether there may be groups that this process did not make. */
  readonly mayHaveOthers: boolean;
  /** The clock, in Unix milliseconds. */
  readonly now: () => number;
  /** Runs work among the other calls of the store. */
  readonly run: <T>(work: Work<T>) => Promise<T>;
  /** Is called with the error of each sweep of the timer that failed. */
  readonly onError: (error: SnapscrapeError) => void;
}

/** What reads the series of a group that a store listed. */
const SERIES = new WeakMap<StoreGroup, () => Awaitable<readonly string[]>>();

/** The ids of the series that a group has now, which a store listed; in any order. */
export function seriesOf(group: StoreGroup): Awaitable<readonly string[]> {
  return SERIES.get(group)?.() ?? [];
}

/**
 * The groups of a store. What is written is worked out of what the group is, and committed only if
 * the group is still that.
 */
export class GroupWrites {
  /** Series of groups that have expired. */
  expired = 0;
  readonly #expiry: GroupExpiry | undefined;
  readonly #calls: DriverCalls;
  readonly #writes: StoreWrites;
  readonly #context: GroupContext;

  constructor(calls: DriverCalls, writes: StoreWrites, context: GroupContext) {
    this.#calls = calls;
    this.#writes = writes;
    this.#context = context;
    const { isSupported, now, mayHaveOthers } = context;
    if (isSupported) this.#expiry = new GroupExpiry(this, now, mayHaveOthers);
  }

  /** Replaces a group; see `MetricStore.replace`. */
  *replace(labels: unknown, points: unknown, given: unknown): Work<ReplaceResult> {
    const { admission, maxKeyBytes } = this.#context;
    this.#assertSupported('replace');
    const { scope, families, meta, expiresAt, maxSeries } = checkReplaceOptions(given);
    const key = groupKey('replace', labels, maxKeyBytes);
    const records = familyRecords('replace', families);
    const reject: RejectPoint = (...rejected) => this.#writes.reject(...rejected);
    const puts = groupPuts(points, admission, reject, maxSeries);
    // What was given may have closed the store.
    this.#calls.assertOpen('replace');
    const replacement: Replacement = { key, puts, records, scope, meta, expiresAt, maxSeries };
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const stored = yield* settled(this.#read('replace', key));
      const part = this.#partOf(replacement, stored);
      const committed = yield* settled(this.#writes.commit('replace', part));
      const { refused } = committed;
      if (refused === undefined) {
        if (expiresAt !== undefined) this.#expiry!.expect(expiresAt);
        return resultOf(committed);
      }
      if (refused.reason !== 'conflict') throw this.#refusal(refused);
    }
    throw contended('replace');
  }

  /** Ends a group; returns whether it was there. */
  *end(labels: unknown): Work<boolean> {
    this.#assertSupported('endGroup');
    const key = groupKey('endGroup', labels, this.#context.maxKeyBytes);
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const stored = yield* settled(this.#read('endGroup', key));
      if (stored === undefined) return false;
      const committed = yield* settled(this.#writes.commit('endGroup', endOf(key, stored)));
      if (committed.refused === undefined) return true;
    }
    throw contended('endGroup');
  }

  /** All groups. */
  all(): Awaitable<StoreGroup[]> {
    if (!this.#context.isSupported) return [];
    const groups = this.#calls.call('groups', (driver) => driver.groups!());
    return after(groups, (listed) =>
      Array.from(listed).flatMap(({ key, meta, expiresAt, series }) => {
        const labels = groupLabels(key);
        if (labels !== undefined) return this.#listed(key, { labels, meta, expiresAt, series });
        this.#writes.reject('invalid_labels', `group ${key}`);
        return [];
      }),
    );
  }

  #listed(key: string, group: StoreGroup): StoreGroup {
    SERIES.set(group, () => after(this.#read('groups', key), (stored) => stored?.keys ?? []));
    return group;
  }

  /** Ends the groups whose time has come, each as a whole; returns how many series they had. */
  *sweep(now: number): Work<number> {
    if (!this.#context.isSupported) return 0;
    let ended = 0;
    let due = Number.POSITIVE_INFINITY;
    const groups = yield* settled(this.#calls.call('gc', (driver) => driver.groups!()));
    for (const { key, version, expiresAt = Number.POSITIVE_INFINITY } of groups) {
      if (expiresAt > now) {
        due = Math.min(due, expiresAt);
        continue;
      }
      const stored = yield* settled(this.#read('gc', key));
      if (stored === undefined) continue;
      const part = endOf(key, { ...stored, version });
      const committed = yield* settled(this.#writes.commit('gc', part, 'none'));
      // Replaced meanwhile: the next sweep reads when it ends now.
      if (committed.refused !== undefined) due = now;
      ended += committed.ended;
    }
    this.expired += ended;
    this.#expiry!.found(due);
    return ended;
  }

  /** Ends what is due; for the timer. */
  async sweepDue(): Promise<void> {
    const { now, run, onError } = this.#context;
    try {
      await run(this.sweep(now()));
    } catch (cause) {
      this.#expiry!.failed();
      if (this.#calls.isClosed) return;
      tellSweepFailed('Groups that are due', onError, cause);
    }
  }

  /** Ends the timer. */
  close(): void {
    this.#expiry?.close();
  }

  #read(method: string, key: string): Awaitable<GroupWithKeys | undefined> {
    return this.#calls.call(method, (driver: StoreDriver) => driver.group!(key));
  }

  #partOf(
    { key, puts, records, scope, meta, expiresAt, maxSeries }: Replacement,
    stored: GroupWithKeys | undefined,
  ): Partial<Commit> {
    const names = scope === 'group' ? undefined : namesOf(puts.keys(), records.keys());
    const ends: string[] = [];
    let kept = 0;
    for (const known of stored?.keys ?? []) {
      if (puts.has(known)) continue;
      if (names === undefined || names.has(nameOf(known))) ends.push(known);
      else kept++;
    }
    if (puts.size + kept > maxSeries) {
      const last = [...puts.keys()].at(-1) ?? key;
      throw tooManySeries(this.#writes.reject('series_limit', last), maxSeries);
    }
    const next = { meta: meta ?? stored?.meta ?? '', expiresAt };
    return {
      puts: [...puts.values()],
      ends,
      ...(records.size > 0 && { records }),
      group: { key, expect: stored?.version, next },
    };
  }

  #assertSupported(method: string): void {
    if (this.#context.isSupported) return;
    throw invalidOptions(method, [
      'this store keeps no groups, as its driver does not; use MemoryStore, LmdbStore or RedisStore',
    ]);
  }

  #refusal(refused: Exclude<CommitRefusal, { reason: 'conflict' }>): SnapscrapeError {
    const { reason, key } = refused;
    const cause = this.#writes.reject(reason, key);
    const nothing = 'nothing was written';
    if (reason === 'series_limit') {
      return new SnapscrapeError(
        'store_full',
        `replace() would begin ${cause.subject} in a store that is at maxSeries; ${nothing}. ` +
          'End series, or raise maxSeries',
        { cause },
      );
    }
    const owner = reason === 'owned_by_group' ? 'which another group has' : 'which is in no group';
    return new SnapscrapeError(
      'series_owned',
      `replace() was given ${cause.subject}, ${owner}; ${nothing}. ` +
        'Give it another name or label, or end the other series first',
      { cause },
    );
  }
}

/** What ends a group, if it is still what it was. */
function endOf(key: string, { keys, version }: GroupWithKeys): Partial<Commit> {
  return { ends: keys, group: { key, expect: version, next: undefined } };
}

function namesOf(keys: Iterable<string>, families: Iterable<string>): ReadonlySet<string> {
  const names = new Set(families);
  for (const key of keys) names.add(nameOf(key));
  return names;
}

function resultOf({ outcomes, ended }: Committed): ReplaceResult {
  const counts = { added: 0, changed: 0, unchanged: 0 };
  for (const outcome of outcomes) counts[outcome as keyof typeof counts]++;
  return { ...counts, ended };
}

function contended(method: string): SnapscrapeError {
  return new SnapscrapeError(
    'store_unavailable',
    `${method}() gave up: others replaced the group ${MOST_ATTEMPTS} times meanwhile; try again`,
  );
}
