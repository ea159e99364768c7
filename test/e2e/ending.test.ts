import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { bundle } from '../support/bundle.ts';
import { freePort, type RedisServer, startRedis } from '../support/redis-servers.ts';
import { skipWithoutRedis, whereRedisIs } from '../support/skip-without-redis.ts';
import { until } from '../support/until.ts';

const ROOT = resolve(import.meta.dirname, '../..');
// Inside the project, so that the programs find `snapscrape` as this very package.
const folder = mkdtempSync(join(ROOT, 'test/e2e/.ending-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The documents that show how a server is ended; their text is what runs here. */
const DOCUMENTS = ['README.md', 'docs/server.md'] as const;

/** The example of a document, with another store and port. */
function program(document: string, url: string, port: number): string {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const code = /<!-- example: server -->\n+```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
  expect(code).toContain('drainOnSignals(server)');
  const changes: readonly [string, string][] = [
    ['const store = new MemoryStore();', `const store = await createStore('${url}');`],
    ['MemoryStore }', 'createStore }'],
    ["':9464'", `'127.0.0.1:${port}'`],
  ];
  let changed = code.replace('/tmp/exporter.sock', join(folder, `${port}.sock`));
  for (const [from, to] of changed.includes(changes[0]![0]) ? changes : []) {
    expect(changed).toContain(from);
    changed = changed.replace(from, to);
  }
  return changed;
}

async function started(document: string, url: string, more = ''): Promise<ChildProcess> {
  const port = await freePort();
  const source = join(folder, `${port}.mts`);
  const file = join(folder, `${port}.mjs`);
  writeFileSync(source, program(document, url, port) + more);
  bundle(source, file);
  const child = spawn(process.execPath, [file], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let isServing = false;
  const look = async (): Promise<void> => {
    const page = fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text());
    isServing = (await page.catch(() => undefined)) !== undefined;
    if (!isServing && child.exitCode === null) setTimeout(() => void look(), 20);
  };
  void look();
  await until('it serves', () => isServing);
  return child;
}

/** How a process ended, and how many seconds after the signal. */
async function endOf(child: ChildProcess, signal: NodeJS.Signals) {
  const ended = once(child, 'close');
  const since = performance.now();
  child.kill(signal);
  const [code, by] = await ended;
  return { code, by, seconds: (performance.now() - since) / 1000 };
}

describe.each(DOCUMENTS)('a process as %s writes it', (document) => {
  let redis: RedisServer | undefined;
  beforeAll(
    whereRedisIs(async () => {
      redis = await startRedis();
    }),
  );
  afterAll(async (): Promise<void> => {
    await redis?.stop();
  });

  it.each([
    ['MemoryStore', 'SIGTERM', 'memory:'],
    ['LmdbStore', 'SIGINT', `lmdb:${join(folder, 'data')}`],
  ] as const)('ends on a signal, with %s and %s', async (_store, signal, url) => {
    expect(await endOf(await started(document, url), signal)).toMatchObject({ code: 0, by: null });
  });

  describe('with RedisStore', () => {
    skipWithoutRedis();

    it.each(['SIGTERM', 'SIGINT'] as const)('ends on %s', async (signal) => {
      const child = await started(document, redis!.url);
      expect(await endOf(child, signal)).toMatchObject({ code: 0, by: null });
    });
  });
});

it('a process that something else keeps alive is ended by the signal', async () => {
  const child = await started('README.md', 'memory:', 'setInterval(() => undefined, 1000);\n');
  const { code, by, seconds } = await endOf(child, 'SIGTERM');
  expect([code, by]).toEqual([null, 'SIGTERM']);
  expect(seconds).toBeGreaterThan(4.9);
});
