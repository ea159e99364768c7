import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { bundleApplications } from '../../support/bundle.ts';
import { redisWith, stopAfterEach, stopLater } from '../../support/reached-redis.ts';
import { startWatchedRedis } from '../../support/redis-servers.ts';
import { skipWithoutRedis } from '../../support/skip-without-redis.ts';
import { until } from '../../support/until.ts';

// Writes a point for each line that it reads, and prints what became of it.
const PROGRAM = `
import { createInterface } from 'node:readline';
import { RedisStore } from 'snapscrape/redis';
async function main() {
  const store = await RedisStore.open(process.argv[2], { timeout: 2_000, onError: () => {} });
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, value] = line.split(' ');
    const point = { name, labels: {}, value: Number(value), updatedAt: Number(value) };
    const outcome = await store.upsert(point).then(
      ({ added, changed }) => (added + changed === 1 ? 'written' : 'not written'),
      (error) => error.code,
    );
    process.stdout.write(outcome + '\\n');
  }
}
main();
`;

skipWithoutRedis();
stopAfterEach();

type Format = 'esm' | 'cjs';

/** Runs the program, minified with all its packages, where there is no node_modules. */
function startBundle(format: Format, url: string): (line: string) => Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'snapscrape-bundle-'));
  stopLater(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, `program.${format === 'esm' ? 'mjs' : 'cjs'}`);
  bundleApplications({ program: PROGRAM }, () => path, {
    bundler: 'esbuild',
    format,
    external: ['@node-rs/xxhash'],
  });
  const child: ChildProcess = spawn(process.execPath, [path, url], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  stopLater(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return async (line) => {
    child.stdin!.write(`${line}\n`);
    return String((await lines.next()).value);
  };
}

describe.each(['esm', 'cjs'] as const)('a minified bundle (%s)', (format) => {
  it('knows the errors of a server apart', async () => {
    const server = await redisWith();
    const run = startBundle(format, server.url);
    expect(await run('a 1')).toBe('written');
    server.cli('script', 'flush');
    expect(await run('a 2')).toBe('written');
    server.cli('config', 'set', 'maxmemory', '1');
    expect(await run('a 3')).toBe('store_full');
    server.cli('config', 'set', 'maxmemory', '0');
    server.cli('replicaof', '127.0.0.1', '1');
    expect(await run('a 4')).toBe('store_read_only');
    server.cli('replicaof', 'no', 'one');
    expect(await run('a 5')).toBe('written');
    server.cli('config', 'set', 'min-replicas-to-write', '1');
    setTimeout(() => server.cli('config', 'set', 'min-replicas-to-write', '0'), 300);
    // It is tried again until there are enough.
    expect(await run('a 6')).toBe('written');
    server.signal('SIGKILL');
    // The line is cut before the next write, or with it.
    expect(await run('a 7')).toBe('store_unavailable');
    await server.restart();
    expect(await run('a 8')).toBe('written');
  });
});

it('a minified bundle follows a failover', async () => {
  const watched = await startWatchedRedis();
  stopLater(() => watched.stop());
  const run = startBundle('esm', watched.url);
  expect(await run('a 1')).toBe('written');
  const old = watched.master();
  old.signal('SIGKILL');
  await until('another is the master', () => watched.master() !== old);
  let value = 2;
  await expect.poll(() => run(`a ${value++}`), { timeout: 60_000 }).toBe('written');
});
