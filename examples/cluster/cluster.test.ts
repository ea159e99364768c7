import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { REPOSITORY } from '../../test/support/tools.ts';
import { until } from '../../test/support/until.ts';

const PATIENCE_MS = 100_000;
const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** Starts the primary with two workers, and sends some requests to them. */
async function start(mode: string, requests: number) {
  const path = resolve(import.meta.dirname, 'primary.ts');
  const args = ['--import', 'tsx', path, mode, '2', '0', '0'];
  const child = spawn(process.execPath, args, { cwd: REPOSITORY });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += String(data);
    });
  }
  const isUp = (): boolean => /service .*\n/.test(output) && /metrics .*\n/.test(output);
  await until('the primary and a worker listen', isUp, PATIENCE_MS);
  const service = /service (\S+)/.exec(output)![1]!;
  for (let i = 0; i < requests; i++) {
    expect(await (await fetch(service, { headers: { connection: 'close' } })).text()).toBe(
      'hello\n',
    );
  }
  const metrics = /metrics (\S+)/.exec(output)![1]!;
  return { child, page: async () => (await fetch(metrics)).text() };
}

it('the sum of all workers has whole histograms', async () => {
  const { page, child } = await start('sum', 6);
  const text = await vi.waitFor(async () => {
    const served = await page();
    expect(served).toContain('shop_request_duration_seconds_count 6\n');
    return served;
  }, PATIENCE_MS);
  expect(text).toContain('# TYPE shop_request_duration_seconds histogram\n');
  expect(text).toContain('shop_request_duration_seconds_bucket{le="+Inf"} 6\n');
  expect(text).toContain('snapscrape_reader_up{reader="2"} 1\n');
  child.kill('SIGTERM');
  await until('the program has ended', () => child.exitCode === 0, PATIENCE_MS);
});

it('each worker has a label', async () => {
  const { page } = await start('each', 6);
  await vi.waitFor(async () => {
    const counts = [...(await page()).matchAll(/^shop_\w+_count\{worker="[12]"\} (\d)$/gm)];
    const [one = 0, other = 0] = counts.map(([, count]) => Number(count));
    expect([counts.length, one + other]).toEqual([2, 6]);
  }, PATIENCE_MS);
});
