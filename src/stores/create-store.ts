import { invalidOptions } from '../model/options.ts';
import type { LmdbStoreOptions } from './lmdb/lmdb-store-options.ts';
import { MemoryStore } from './memory-store.ts';
import type { MemoryStoreOptions } from './memory-store-options.ts';
import type { MetricStore } from './metric-store.ts';
import type { RedisStoreOptions } from './redis/redis-store-options.ts';

/** Options of the store that a URL names; options that it does not have are faults. */
export type CreateStoreOptions = MemoryStoreOptions | LmdbStoreOptions | RedisStoreOptions;

type Opener = (url: string, options: CreateStoreOptions | undefined) => Promise<MetricStore>;

// The modules of other stores are loaded when they are used: no user needs the clients of other
// stores.
const openRedis: Opener = async (url, options) => {
  const { RedisStore } = await import('./redis/redis-store.ts');
  return RedisStore.open(url, options);
};

const OPENERS: ReadonlyMap<string, Opener> = new Map<string, Opener>([
  ['memory:', async (_url, options) => new MemoryStore(options)],
  [
    'lmdb:',
    async (url, options) => {
      const { LmdbStore } = await import('./lmdb/lmdb-store.ts');
      return LmdbStore.open(folderOf(url), options);
    },
  ],
  ['redis:', openRedis],
  ['rediss:', openRedis],
  ['redis-sentinel:', openRedis],
  ['rediss-sentinel:', openRedis],
  ['redis-cluster:', openRedis],
  ['rediss-cluster:', openRedis],
]);

/**
 * Opens the store that a URL names: `memory:`; `lmdb:./data` for a folder (`lmdb:/var/lib/metrics`
 * or `lmdb:///var/lib/metrics` from the root; taken as it is written, nothing is decoded);
 * `redis://host:6379`, `redis-sentinel://host:26379/master` or `redis-cluster://host:6379`, each
 * also with `rediss` for TLS.
 *
 * Rejects with `invalid_options` for a URL of no known kind (it is not repeated: it may hold a
 * password) and for `lmdb://data`, which is neither a folder here nor one at the root, with
 * `dependency_missing` where the client of the store is not installed, and with whatever opening
 * the store rejects with.
 *
 * @param url - which kind of store, and where.
 * @param options - the options of that store.
 *
 * @example
 * ```ts
 * const store = await createStore(process.env.STORE_URL ?? 'memory:', { retention: 3_600_000 });
 * ```
 */
export async function createStore(
  url: string | URL,
  options?: CreateStoreOptions,
): Promise<MetricStore> {
  const text = String(url);
  const opener = OPENERS.get(text.slice(0, text.indexOf(':') + 1));
  if (opener === undefined) {
    throw invalidOptions('createStore', [
      `url must begin with one of ${[...OPENERS.keys()].join(', ')}`,
    ]);
  }
  return opener(text, options);
}

function folderOf(url: string): string {
  const path = url.slice('lmdb:'.length);
  // In a URL a host stands there; as a path it would be a folder at the root, which no caller
  // means.
  if (/^\/\/(?!\/)/.test(path)) {
    throw invalidOptions('createStore', [
      'url must be lmdb:./data for a folder here, or lmdb:///data for one at the root; behind lmdb:// there is no host',
    ]);
  }
  return path.replace(/^\/\//, '');
}
