import { afterAll, beforeAll, describe, it } from 'vitest';
import { RedisStore } from '../../../src/stores/redis/redis-store.ts';
import { storeContract } from '../../../src/testing/store-contract.ts';
import {
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
} from '../../support/redis-servers.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';

let prefixes = 0;

function contractOver(url: () => string, hasGroups: boolean): ReturnType<typeof storeContract> {
  return storeContract({
    createDataSet: () => {
      const keyPrefix = `case-${prefixes++}:`;
      return { open: (options) => RedisStore.open(url(), { ...options, keyPrefix }) };
    },
    isShared: true,
    isDurable: true,
    hasAllValues: true,
    hasGroups,
  });
}

describe('RedisStore over one server', () => {
  let server: RedisServer;
  skipWithoutRedis();
  beforeAll(
    whereRedisIs(async () => {
      server = await startRedis();
    }),
  );
  afterAll(() => server?.stop());

  describe.each(contractOver(() => server.url, true))('$topic', ({ title, run }) => {
    it(title, run);
  });
});

describe('RedisStore over a cluster', () => {
  let cluster: RedisCluster;
  skipWithoutRedis();
  beforeAll(
    whereRedisIs(async () => {
      cluster = await startRedisCluster();
    }),
  );
  afterAll(() => cluster?.stop());

  describe.each(contractOver(() => cluster.url, false))('$topic', ({ title, run }) => {
    it(title, run);
  });
});
