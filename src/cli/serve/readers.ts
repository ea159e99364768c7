import { createHash } from 'node:crypto';
import type { FamilyMetadata } from '../../model/family-metadata.ts';
import { GroupsReader } from '../../push/groups-reader.ts';
import type { PushApi } from '../../push/push-api.ts';
import type { CacheConfig } from '../../refresh/cache-config.ts';
import {
  type CachedSnapshotReader,
  createCachedSnapshotReader,
} from '../../refresh/cached-reader.ts';
import { type MergedSnapshotReader, mergeReaders } from '../../sources/merged-reader.ts';
import type { MetricStore } from '../../stores/metric-store.ts';
import type { StateLog } from '../state-log.ts';
import type { Configuration } from './read-configuration.ts';
import { sourceReader } from './source-reader.ts';

/** The readers of a configuration. */
export interface Readers {
  /** All of them as one. */
  readonly merged: MergedSnapshotReader;
  /** The reader of the store. */
  readonly store: CachedSnapshotReader;
  /** Each with what it was made of: those of which that stays the same are kept. */
  readonly cached: ReadonlyMap<string, CachedSnapshotReader>;
}

/** What readers are made of beside a configuration. */
export interface ReadFrom {
  readonly store: MetricStore;
  /** The pushes that the store is written by, if they are enabled. */
  readonly push: PushApi | undefined;
  readonly states: StateLog;
}

// A scrape does not wait for a source that was never read: it is served what there is.
const FIRST_READ_MS = 1000;
const REDIS_INTERVAL_MS = 5000;

/** Makes the readers of a configuration; takes over those of the one before that stay as they are. */
export function readersOf(
  { settings, secrets, storeUrl }: Configuration,
  { store, states, push }: ReadFrom,
  before?: Readers,
): Readers {
  const families = [...settings.families].map(([name, { type, help, unit }]): FamilyMetadata => {
    return { name, type, help, unit };
  });
  const configured = new Map(families.map((family) => [family.name, family]));
  const cached = new Map<string, CachedSnapshotReader>();
  const keep = (
    name: string,
    madeOf: unknown,
    config: CacheConfig,
    cache: (config: CacheConfig) => CachedSnapshotReader,
  ): { name: string; reader: CachedSnapshotReader } => {
    const text = JSON.stringify([name, madeOf, families], (_, value: unknown) =>
      value instanceof Map ? [...value] : value,
    );
    const key = createHash('sha256').update(text).digest('hex');
    const known = before?.cached.get(key);
    const reader =
      known ??
      cache({
        ...config,
        families,
        onError: (error) => {
          const isFailing = (): boolean | undefined => {
            const stats = reader.cacheStats();
            return stats.isClosed ? undefined : stats.isFailing;
          };
          // Changes that cannot be read are no failure yet: everything is read instead.
          setImmediate(() => {
            if (isFailing() !== true) return;
            if (name === 'store') states.away(storeUrl, error, isFailing);
            else states.failed('source', name, error, isFailing);
          });
        },
      });
    cached.set(key, reader);
    return { name, reader };
  };
  // What this process writes is on its next page. Redis is asked less often.
  const isRemote = storeUrl.startsWith('redis');
  const storeCache = isRemote
    ? { refreshInterval: REDIS_INTERVAL_MS, background: true }
    : { refreshInterval: 0 };
  const members = [
    ...settings.sources.map((source) => {
      const secret = secrets.get(source.name)!;
      const { refresh_interval: refreshInterval, refresh_timeout: refreshTimeout } = source;
      const config = { refreshInterval, refreshTimeout, background: true };
      return keep(source.name, [source, secret], config, (all) =>
        createCachedSnapshotReader(sourceReader(source, secret, { configured, states }), all),
      );
    }),
    // Last: what a push or another writer says of a family goes behind what a source says.
    keep('store', undefined, storeCache, (all) =>
      push === undefined
        ? createCachedSnapshotReader(store, all)
        : new GroupsReader(store, all, push.groups),
    ),
  ];
  // Each cached reader reports its own failures.
  const merged = mergeReaders(members, { readerTimeout: FIRST_READ_MS, onError: () => undefined });
  return { merged, cached, store: members.at(-1)!.reader };
}

/** Reads what is new for the first time, so that no page is without it. Never rejects. */
export async function readNew(next: Readers, before: Readers): Promise<void> {
  const added = [...next.cached].filter(([key]) => !before.cached.has(key));
  await Promise.allSettled(added.map(([, reader]) => reader.refresh()));
}

/** Closes the readers that another configuration has not taken over. */
export function closeUnused(of: Readers, used?: Readers): void {
  for (const [key, reader] of of.cached) if (used?.cached.has(key) !== true) reader.close();
}
