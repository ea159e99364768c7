import { afterEach } from 'vitest';
import { type CachedSnapshotReader, createCachedSnapshotReader } from '../../src/index.ts';
import { RedisStore, type RedisStoreOptions } from '../../src/stores/redis/index.ts';
import type { RedisConnection } from '../../src/stores/redis/redis-address.ts';
import { bareHandler, pageOf } from './page.ts';

const closing: (() => unknown)[] = [];

/** Closes, after each test of the enclosing suite, what it has opened. */
export function closeStoresAfterEach(): void {
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
}

/** Opens a store that is closed after the test. */
export async function openStore(
  where: string | RedisConnection,
  options?: RedisStoreOptions,
): Promise<RedisStore> {
  const store = await RedisStore.open(where, options);
  closing.push(() => store.close());
  return store;
}

/** A cache over a store, with what it serves. */
export interface Replica {
  readonly store: RedisStore;
  readonly reader: CachedSnapshotReader;
  /** Refreshes and answers with the page. */
  readonly refreshed: () => Promise<string>;
  /** The page as it is, without a refresh. */
  readonly page: () => Promise<string>;
}

/** Opens a store with a cache that is refreshed when told, and keeps what it has for ever. */
export async function openReplica(
  where: string | RedisConnection,
  options?: RedisStoreOptions,
): Promise<Replica> {
  const store = await openStore(where, options);
  const reader = createCachedSnapshotReader(store, {
    refreshInterval: 2_000_000_000,
    maxStaleness: Number.POSITIVE_INFINITY,
  });
  closing.push(() => reader.close());
  const page = (): Promise<string> => pageOf(bareHandler(reader));
  return {
    store,
    reader,
    page,
    refreshed: async () => {
      await reader.refresh();
      return page();
    },
  };
}

/** What something rejects with, as its code and message. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<{ readonly code: unknown; readonly message: string }> {
  try {
    await promise;
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    return { code, message };
  }
  throw new Error('It was fulfilled');
}
