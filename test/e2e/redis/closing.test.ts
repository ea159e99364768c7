import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleProgram } from '../../support/bundle.ts';
import {
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
  startWatchedRedis,
  type WatchedRedis,
} from '../../support/redis-servers.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';

skipWithoutRedis();

const program = bundleProgram(fileURLToPath(new URL('closing-process.ts', import.meta.url)));
afterAll(() => program.remove());
const WAITS = ['once', ...Array.from({ length: 16 }, (_, i) => `${2 * i}`)];

describe('a store that is closed soon after it was opened', () => {
  let redis: RedisServer;
  let cluster: RedisCluster;
  let watched: WatchedRedis;
  beforeAll(
    whereRedisIs(async () => {
      [redis, cluster, watched] = await Promise.all([
        startRedis(),
        startRedisCluster(),
        startWatchedRedis(),
      ]);
    }),
    60_000,
  );
  afterAll(async () => {
    await redis?.stop();
    await cluster?.stop();
    await watched?.stop();
  });

  it.concurrent.each(['one server', 'a cluster', 'Sentinels'])(
    'over %s leaves nothing that keeps the process from ending',
    async (kind) => {
      const urls: Record<string, string> = {
        'one server': redis.url,
        'a cluster': cluster.url,
        Sentinels: watched.url,
      };
      const args = [program.path, urls[kind]!, ...WAITS];
      // A process that does not end is killed then, which rejects.
      const ended = promisify(execFile)(process.execPath, args, { timeout: 100_000 });
      expect((await ended).stdout).toBe('all closed\n');
    },
  );
});
