import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleApplications, hasWebpack, WEBPACK_REMEDY } from '../support/bundle.ts';
import { type RedisServer, startRedis } from '../support/redis-servers.ts';
import { skipWithoutRedis, whereRedisIs } from '../support/skip-without-redis.ts';
import { REPOSITORY } from '../support/tools.ts';

// Applications as they are shipped: one minified file, in a folder that has no packages. A name
// that is looked up at run time (of a class, a function, a module, a file beside the module) is
// gone there.

const folder = mkdtempSync(join(tmpdir(), 'snapscrape-bundles-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BUNDLES = [
  { bundler: 'esbuild', format: 'esm' },
  { bundler: 'esbuild', format: 'cjs' },
  { bundler: 'webpack', format: 'cjs' },
] as const;

/** An application that prints what its function returns, as JSON. */
const application = (imports: string, body: string): string => `
${imports}
async function main() {
${body}
}
main().then((result) => process.stdout.write(JSON.stringify(result)), (error) => {
  process.stderr.write(String(error?.stack ?? error) + '\\n' + String(error?.cause?.stack ?? ''));
  process.exit(1);
});
`;

const LIBRARY = `import * as snapscrape from 'snapscrape';`;

const PAGES = application(
  `${LIBRARY}
import * as re2js from 're2js';`,
  `
  const { createCachedSnapshotReader, createOpenMetricsHandler, createStore, MemoryStore, mergeReaders, SnapscrapeError } = snapscrape;
  const store = new MemoryStore();
  await store.upsert([{ name: 'a', labels: { x: 'b' }, value: 1 }, { name: 'a', labels: { x: 'c' }, value: 2 }]);
  const reader = mergeReaders([{ name: 'one', reader: createCachedSnapshotReader(store) }]);
  const handler = createOpenMetricsHandler(reader, { selfMetrics: false, match: '{x=~"[a-c]"}', re2js });
  const get = async (query, headers) => {
    const response = await handler.fetch(new Request('http://localhost/' + query, { headers }));
    return response.text();
  };
  const created = await createStore('memory:');
  const error = await createStore('x:').catch((e) => e);
  const failing = createOpenMetricsHandler({ snapshot() { throw new Error('no'); } }, { onError: () => {} });
  return {
    page: await get(''),
    part: await get('?match[]=' + encodeURIComponent('{x="c"}')),
    created: created.constructor === MemoryStore,
    code: error instanceof SnapscrapeError && error.code,
    status: (await failing.fetch(new Request('http://localhost/'))).status,
  };`,
);

const SERVER = application(
  `import { MemoryStore } from 'snapscrape';
import { createExporterServer } from 'snapscrape/server';`,
  `
  const store = new MemoryStore();
  await store.upsert({ name: 'a', labels: { x: 'b' }, value: 1 });
  const server = createExporterServer(store, {
    listenAddresses: ['127.0.0.1:0'],
    webConfigFile: 'web.yml',
    views: [{ path: '/b', match: '{x=~"[a-c]"}' }],
    onError: () => {},
  });
  const [{ url }] = await server.start();
  const got = {};
  for (const path of ['/metrics', '/b', '/-/healthy', '/-/ready', '/', '/none']) {
    const response = await fetch(url + path);
    await response.text();
    got[path] = [response.status, response.headers.get('x-frame-options')];
  }
  await server.close();
  return got;`,
);

const TESTING = application(
  `import { MemoryStore } from 'snapscrape';
import { storeContract } from 'snapscrape/testing';`,
  `
  const cases = storeContract({
    createDataSet: () => ({ open: (options) => new MemoryStore(options) }),
    isShared: false,
    isDurable: false,
  });
  const failed = [];
  for (const { topic, title, run } of cases) {
    await run().catch((error) => failed.push(topic + ': ' + title + ': ' + error.message));
  }
  return { some: cases.length > 40, failed };`,
);

const LMDB = application(
  `import { createStore } from 'snapscrape';
import { LmdbStore } from 'snapscrape/lmdb';`,
  `
  const store = await LmdbStore.open('./data', { retention: 60_000 });
  await store.upsert({ name: 'a', labels: { x: 'b' }, value: 1 });
  await store.close();
  const again = await createStore('lmdb:./data');
  const points = [...again.snapshot()].map(({ name, labels, value }) => ({ name, labels, value }));
  await again.close();
  const code = await again.upsert([]).catch((error) => error.code);
  return { points, code };`,
);

const REDIS = application(
  `import { createStore } from 'snapscrape';
import { RedisStore } from 'snapscrape/redis';`,
  `
  const [url, away] = process.argv.slice(2);
  const store = await RedisStore.open(url, { onError: () => {} });
  await store.upsert({ name: 'a', labels: { x: 'b' }, value: 1 });
  // The server forgets the scripts: the store gets an error, and sends them again.
  const other = await createStore(url);
  await store.upsert({ name: 'a', labels: { x: 'b' }, value: 2 });
  const points = [];
  for await (const { name, labels, value } of other.snapshot()) points.push({ name, labels, value });
  const lost = await RedisStore.open(away, { timeout: 300, onError: () => {} });
  const code = await lost.upsert({ name: 'a', value: 1, labels: {} }).catch((error) => error.code);
  for (const open of [store, other, lost]) await open.close();
  return { points, code };`,
);

const APPLICATIONS = { pages: PAGES, server: SERVER, testing: TESTING, lmdb: LMDB, redis: REDIS };
type Name = keyof typeof APPLICATIONS;

/** All of them in one, which the environment chooses from: webpack takes long for each. */
const ALL = `
switch (process.env.APPLICATION) {
${Object.keys(APPLICATIONS)
  .map((name) => `  case '${name}': import('./${name}.mjs'); break;`)
  .join('\n')}
}`;

describe.each(BUNDLES)('a minified bundle by $bundler as $format', (bundle) => {
  const isMissing = bundle.bundler === 'webpack' && !hasWebpack;
  const extension = bundle.format === 'esm' ? 'mjs' : 'cjs';
  const homeOf = (name: string): string => join(folder, `${bundle.bundler}-${bundle.format}`, name);
  const fileOf = (name: string): string => join(homeOf(name), `app.${extension}`);

  /** Runs an application where there are no packages, and gives back what it prints. */
  function outcome(name: Name, ...args: readonly string[]): unknown {
    const env = { ...process.env, APPLICATION: name };
    const options = { cwd: homeOf(name), encoding: 'utf8', timeout: 60_000, env } as const;
    return JSON.parse(execFileSync(process.execPath, [fileOf(name), ...args], options));
  }

  beforeAll(() => {
    if (isMissing) return;
    for (const name of Object.keys(APPLICATIONS)) mkdirSync(homeOf(name), { recursive: true });
    const external = ['lmdb', '@node-rs/xxhash'];
    if (bundle.bundler === 'webpack') {
      const all = join(folder, 'all.cjs');
      bundleApplications({ all: ALL }, () => all, { ...bundle, external, beside: APPLICATIONS });
      for (const name of Object.keys(APPLICATIONS)) copyFileSync(all, fileOf(name));
    } else {
      bundleApplications(APPLICATIONS, fileOf, { ...bundle, external });
    }
    // Native code cannot be bundled; that of @redis/client is optional.
    mkdirSync(join(homeOf('lmdb'), 'node_modules'));
    symlinkSync(join(REPOSITORY, 'node_modules/lmdb'), join(homeOf('lmdb'), 'node_modules/lmdb'));
    const settings = 'http_server_config: { headers: { X-Frame-Options: deny } }';
    writeFileSync(join(homeOf('server'), 'web.yml'), settings);
  }, 300_000);

  beforeEach((context) => context.skip(isMissing, WEBPACK_REMEDY));

  it('serves pages', () => {
    expect(outcome('pages')).toEqual({
      page: '# TYPE a gauge\na{x="b"} 1\na{x="c"} 2\n',
      part: '# TYPE a gauge\na{x="c"} 2\n',
      created: true,
      code: 'invalid_options',
      status: 503,
    });
  });

  it('is a server', () => {
    const paths = ['/metrics', '/b', '/-/healthy', '/-/ready', '/'];
    expect(outcome('server')).toEqual({
      ...Object.fromEntries(paths.map((path) => [path, [200, 'deny']])),
      '/none': [404, 'deny'],
    });
  });

  it('keeps the contract of stores', () => {
    expect(outcome('testing')).toEqual({ some: true, failed: [] });
  });

  const POINT = { name: 'a', labels: { x: 'b' } };

  it('has an LMDB store, whose native package is beside it', () => {
    expect(outcome('lmdb')).toEqual({ points: [{ ...POINT, value: 1 }], code: 'closed' });
  });

  describe('has a Redis store', () => {
    let redis: RedisServer;
    beforeAll(whereRedisIs(async () => void (redis = await startRedis())));
    afterAll(() => redis?.stop());
    skipWithoutRedis();

    it('that understands what the server answers', () => {
      expect(outcome('redis', redis.url, 'redis://127.0.0.1:1')).toEqual({
        points: [{ ...POINT, value: 2 }],
        code: 'store_unavailable',
      });
    });
  });
});
