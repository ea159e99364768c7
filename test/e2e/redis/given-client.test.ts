import { createClient } from '@redis/client';
import { expect, it } from 'vitest';
import { RedisStore } from '../../../src/stores/redis/index.ts';
import { pointOf, stateOf } from '../../../src/testing/case-run.ts';
import { startRedis } from '../../support/redis-servers.ts';
import { skipWithoutRedis } from '../../support/skip-without-redis.ts';

skipWithoutRedis();

it.each([2, 3] as const)(
  'a store works over a client of RESP %i, connected late and left open',
  async (RESP) => {
    const server = await startRedis();
    const client = createClient({ url: server.url, RESP });
    try {
      const store = await RedisStore.open({ kind: 'client', client }, { onError: () => undefined });
      const written = store.upsert(pointOf('a', 1));
      await client.connect();
      expect(await written).toMatchObject({ added: 1 });
      expect((await stateOf(store)).size).toBe(1);
      await store.close();
      expect(await client.ping()).toBe('PONG');
      expect(client.listenerCount('ready')).toBe(0);
    } finally {
      client.destroy();
      await server.stop();
    }
  },
);

it('a store takes no client with a bounded queue, and nothing that is none', async () => {
  const client = createClient({ commandsQueueMaxLength: 5 });
  for (const given of [client, {}, undefined]) {
    const where = { kind: 'client', client: given } as never;
    await expect(RedisStore.open(where)).rejects.toMatchObject({ code: 'invalid_options' });
  }
});
