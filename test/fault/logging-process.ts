import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  MemoryStore,
  mergeReaders,
  type SnapshotReader,
} from '../../src/index.ts';
import { writeLine } from '../../src/logging/standard-error.ts';
import { createExporterServer } from '../../src/server/index.ts';
import { LmdbStore } from '../../src/stores/lmdb/index.ts';
import { RedisStore } from '../../src/stores/redis/index.ts';

// A program that gives no `onError`, and one of its parts fails. Its arguments name the parts.

const [, , part, argument = ''] = process.argv;
const URL_WITH_PASSWORD = 'postgres://user:hunter2@db.internal/metrics';

let isBroken = true;
const source: SnapshotReader = {
  snapshot: () => {
    if (isBroken) throw new Error(`cannot read\n${URL_WITH_PASSWORD}`);
    return [];
  },
};
const read = (reader: SnapshotReader): Promise<unknown> =>
  createOpenMetricsHandler(reader).fetch(new Request('http://localhost/metrics'));
const onError = (): void => undefined;
const silent = (): SnapshotReader => createCachedSnapshotReader(source, { onError });

const PARTS: Readonly<Record<string, () => Promise<unknown>>> = {
  cache: async () => {
    const reader = createCachedSnapshotReader(source, { refreshInterval: 0 });
    for (let i = 0; i < 5; i++) await read(reader);
    isBroken = false;
    await read(reader);
  },
  handler: () => read(silent()),
  uncached: () => read(source),
  merged: () => read(mergeReaders([{ name: 'bills', reader: silent() }])),
  silent: () =>
    createOpenMetricsHandler(silent(), { onError }).fetch(new Request('http://localhost/')),
  memory: () => sweepOf(new MemoryStore({ retention: 1, sweepInterval: 1, now: brokenClock() })),
  lmdb: async () => {
    const options = { retention: 1, sweepInterval: 1, now: brokenClock() };
    return sweepOf(await LmdbStore.open(argument, options));
  },
  redis: async () => {
    const store = await RedisStore.open('redis://user:hunter2@127.0.0.1:1', { timeout: 300 });
    await store.size().catch(onError);
    await store.close();
  },
  server: async () => {
    const server = createExporterServer(silent(), {
      listenAddresses: ['127.0.0.1:0'],
      webConfigFile: argument,
    });
    await server.start();
    process.stdin.resume().once('end', () => void server.close());
  },
  flood: async () => {
    for (let i = 0; i < 300; i++) await read({ snapshot: () => Promise.reject(new Error(`${i}`)) });
    console.log('alive');
  },
  stopped: async () => {
    const line = 'x'.repeat(1_000);
    for (let i = 0; i < 20_000; i++) {
      writeLine(line);
      if (i % 100 === 0) await new Promise(setImmediate);
    }
    console.log(process.stderr.writableLength);
    process.exit();
  },
};

function brokenClock(): () => number {
  let calls = 0;
  return () => {
    if (calls++ > 0) throw new Error(`the clock broke: ${URL_WITH_PASSWORD}`);
    return 1;
  };
}

async function sweepOf(store: MemoryStore | LmdbStore): Promise<void> {
  await store.upsert({ name: 'a', labels: {}, value: 1, updatedAt: 1 }).catch(onError);
  await new Promise((done) => setTimeout(done, 50));
  await store.close();
}

await PARTS[part ?? '']?.();
