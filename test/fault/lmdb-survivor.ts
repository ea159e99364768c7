import { createHash } from 'node:crypto';
import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';

// Run by a test as a process of its own: reads damaged stores in every way there is and writes to
// them, and says in a line each what came of it. LMDB may end the process, which is what is tested.
const [cursor = '', ...paths] = process.argv.slice(2);
for (const path of paths) process.stdout.write(`${JSON.stringify(await outcomeOf(path))}\n`);

async function outcomeOf(path: string): Promise<object> {
  const { faults } = await LmdbStore.verify(path).catch(({ code }) => ({ faults: [`${code}`] }));
  let store: LmdbStore;
  try {
    store = await LmdbStore.open(path, { retention: 1_000_000, sweepInterval: 2 ** 31 - 1 });
  } catch (error) {
    return { faults, code: (error as { code?: string }).code };
  }
  const codes = new Set<string>();
  const attempt = async <T>(work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      codes.add((error as { code?: string }).code ?? String((error as Error).stack));
      return undefined;
    }
  };
  const points = await attempt(() => linesOf(store.snapshot()));
  const { rejected } = await store.stats().catch(() => ({ rejected: { none: 1 } }));
  const refused = Object.values(rejected).reduce((sum, count) => sum + count, 0);
  await attempt(() => {
    for (let at = cursor, more = true; more; ) {
      const delta = store.snapshotDelta(at);
      for (const _ of delta.events as Iterable<unknown>);
      more = delta.more === true && delta.nextCursor !== at;
      at = delta.nextCursor;
    }
  });
  await attempt(() => [...(store.families() as Iterable<unknown>)]);
  const labels = (i: number) => ({ i: `${i}`, pad: 'x'.repeat(i % 50) });
  const all = Array.from({ length: 3_000 }, (_, i) => ({
    name: 'm',
    labels: labels(i),
    value: -i,
  }));
  await attempt(() => store.upsert(all));
  await attempt(() => store.gc(1_000_000));
  await attempt(() => store.delete({ name: 'n' }));
  await attempt(() => linesOf(store.snapshot()));
  await attempt(() => store.close());
  return { faults, codes: [...codes], points, refused };
}

/** A short text for each point, so that two reads can be compared. */
function linesOf(points: ReturnType<LmdbStore['snapshot']>): string[] {
  return Array.from(points, (point) =>
    createHash('md5').update(JSON.stringify(point)).digest('base64url').slice(0, 8),
  );
}
