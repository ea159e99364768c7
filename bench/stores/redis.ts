import { RedisStore } from '../../src/stores/redis/index.ts';
import { startRedis } from '../../test/support/redis-servers.ts';
import type { StoreSubject } from './store-subject.ts';

/** The store in a Redis server of this machine, which keeps nothing on disk. */
export const REDIS: StoreSubject = {
  name: 'RedisStore',
  open: async () => {
    const server = await startRedis();
    const before = usedBytes(server.cli('info', 'memory'));
    const opened: RedisStore[] = [];
    const open = async (): Promise<RedisStore> => {
      const store = await RedisStore.open(server.url, { timeout: 60_000 });
      opened.push(store);
      return store;
    };
    return {
      store: await open(),
      bytes: async () => usedBytes(server.cli('info', 'memory')) - before,
      reopen: open,
      async discard() {
        for (const store of opened) await store.close();
        await server.stop();
      },
    };
  },
};

/** The memory that a server uses, by what its `INFO memory` says. */
export function usedBytes(info: string): number {
  return Number(/used_memory:(\d+)/.exec(info)?.[1]);
}
