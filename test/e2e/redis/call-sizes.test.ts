import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SnapshotPoint } from '../../../src/model/metric-point.ts';
import { seriesId } from '../../../src/model/series-id.ts';
import { pointOf } from '../../../src/testing/case-run.ts';
import { type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { closeStoresAfterEach, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';

skipWithoutRedis();

const ID_BYTES = 50_000;
const COUNT = 200;
// As many bytes as a call has about at most.
const CALL_BYTES = 524_288;
// Where in the command the script of a sweep is told how many series to look at.
const SWEEP_SLICE = 15;

describe('calls about series with long ids', () => {
  let redis: RedisServer;
  closeStoresAfterEach();
  beforeAll(
    whereRedisIs(async () => {
      redis = await startRedis([
        ['slowlog-log-slower-than', '0'],
        ['slowlog-max-len', '10000'],
      ]);
    }),
  );
  afterAll(() => redis?.stop());

  /** The arguments of the commands of a name since the log was emptied, each cut short. */
  const sent = (command: string): string[][] => {
    const entries: unknown = JSON.parse(redis.cli('--json', 'slowlog', 'get', '-1'));
    if (!Array.isArray(entries)) throw new Error('There is no log');
    return entries
      .map((entry: unknown) => (Array.isArray(entry) ? (entry[3] as string[]) : []))
      .filter(([name]) => name?.toUpperCase() === command);
  };

  it('are as small as others: deltas, ends and sweeps', async () => {
    const store = await openStore(redis.url, {
      buckets: 2,
      retention: 1_000,
      sweepInterval: 1e9,
      maxSeriesBytes: 60_000,
    });
    await store.upsert(pointOf('first', 1, 9_000));
    const cursor = await store.snapshotCursor();
    await store.upsert(longPoints(1_000));
    redis.cli('slowlog', 'reset');
    expect((await store.snapshotDelta(cursor)).events.length).toBe(COUNT);
    const asked = sent('XRANGE').map((args) => Number(args[5]));
    expect(asked.length).toBeGreaterThan(1);
    // An entry has two of these changes.
    expect(Math.max(...asked) * 2 * ID_BYTES).toBeLessThanOrEqual(2_097_152);

    redis.cli('slowlog', 'reset');
    const ids = longPoints(0).slice(0, 100).map(seriesId);
    expect(await store.delete(ids)).toBe(100);
    const sizes = sent('EVALSHA').map(countOfArguments);
    expect(sizes.length).toBeGreaterThan(1);
    // Each series is two arguments, beside about ten others.
    expect(((Math.max(...sizes) - 8) / 2) * ID_BYTES).toBeLessThanOrEqual(2 * CALL_BYTES);

    redis.cli('slowlog', 'reset');
    expect(await store.gc(5_000)).toBe(100);
    const sweeps = sent('EVALSHA').filter((args) => args[2] === '4');
    expect(sweeps.length).toBeGreaterThan(1);
    const slices = sweeps.map((args) => Number(args[SWEEP_SLICE]));
    expect(Math.max(...slices) * ID_BYTES).toBeLessThanOrEqual(CALL_BYTES);
    expect(Math.min(...slices)).toBeGreaterThan(0);
  });
});

/** How many arguments a command had; the log shows the first ones, and how many more there were. */
function countOfArguments(args: readonly string[]): number {
  const more = /^\.\.\. \((\d+) more arguments\)$/.exec(args.at(-1) ?? '')?.[1];
  return more === undefined ? args.length : args.length - 1 + Number(more);
}

function longPoints(updatedAt: number): SnapshotPoint[] {
  return Array.from({ length: COUNT }, (_, i) => ({
    name: 'long',
    labels: { i: `${i}-`.padEnd(ID_BYTES, 'x') },
    value: updatedAt,
    updatedAt,
  }));
}
