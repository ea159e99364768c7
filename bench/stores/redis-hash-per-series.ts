import { createClient } from '@redis/client';
import { type MetricStore, parseSeriesId, type SnapshotPoint, seriesId } from '../../src/index.ts';
import { startRedis } from '../../test/support/redis-servers.ts';
import { usedBytes } from './redis.ts';
import type { StoreSubject } from './store-subject.ts';

type Client = Awaited<ReturnType<typeof connect>>;

const BATCH = 5_000;
const CHANGES = 'changes';

/**
 * What one writes first: a hash for each series, and a sorted set of all series by their last
 * change. Only what the benchmark asks for, without checks, last write wins, retention or a bound
 * for the changes.
 */
export const REDIS_HASH_PER_SERIES: StoreSubject = {
  name: 'one hash per series',
  open: async () => {
    const server = await startRedis();
    const before = usedBytes(server.cli('info', 'memory'));
    const clients: Client[] = [];
    const open = async (): Promise<MetricStore> => {
      const client = await connect(server.url);
      clients.push(client);
      return hashPerSeries(client);
    };
    return {
      store: await open(),
      bytes: async () => usedBytes(server.cli('info', 'memory')) - before,
      reopen: open,
      async discard() {
        for (const client of clients) client.destroy();
        await server.stop();
      },
    };
  },
};

function connect(url: string) {
  return createClient({ url, commandOptions: { timeout: 0 } }).connect();
}

function hashPerSeries(client: Client): MetricStore {
  let sequence = 0;
  const write = async (points: readonly SnapshotPoint[]): Promise<void> => {
    const multi = client.multi();
    for (const point of points) {
      const id = seriesId(point);
      multi.hSet(id, { value: point.value as number, updatedAt: point.updatedAt });
      multi.zAdd(CHANGES, { score: ++sequence, value: id });
    }
    await multi.execAsPipeline();
  };
  const readIds = async (ids: readonly string[]): Promise<SnapshotPoint[]> => {
    const multi = client.multi();
    for (const id of ids) multi.hGetAll(id);
    const replies = (await multi.execAsPipeline()) as unknown as Record<string, string>[];
    return ids.map((id, i) => {
      const { value, updatedAt } = replies[i]!;
      return { ...parseSeriesId(id), value: Number(value), updatedAt: Number(updatedAt) };
    });
  };
  async function* pages(from: number): AsyncGenerator<SnapshotPoint, void, undefined> {
    for (let score = from; ; ) {
      const range = { BY: 'SCORE', LIMIT: { offset: 0, count: BATCH } } as const;
      const ids = await client.zRange(CHANGES, `(${score}`, '+inf', range);
      if (ids.length === 0) return;
      yield* await readIds(ids);
      score = (await client.zScore(CHANGES, ids.at(-1)!)) ?? score;
    }
  }
  const partial: Partial<MetricStore> = {
    async upsert(points) {
      let batch: SnapshotPoint[] = [];
      for (const point of points as Iterable<SnapshotPoint>) {
        batch.push(point);
        if (batch.length < BATCH) continue;
        await write(batch);
        batch = [];
      }
      await write(batch);
      return { added: 0, changed: 0, unchanged: 0, older: 0, refused: 0, refusals: [] };
    },
    snapshot: () => pages(0),
    snapshotCursor: async () => {
      const [last] = await client.zRangeWithScores(CHANGES, 0, 0, { REV: true });
      return `${last?.score ?? 0}.`;
    },
    snapshotDelta: async (cursor) => {
      const points: SnapshotPoint[] = [];
      for await (const point of pages(Number.parseInt(cursor, 10))) points.push(point);
      const [last] = await client.zRangeWithScores(CHANGES, 0, 0, { REV: true });
      return { nextCursor: `${last?.score ?? 0}.`, events: points.map((point) => ({ point })) };
    },
  };
  // The benchmark calls nothing else.
  return partial as MetricStore;
}
