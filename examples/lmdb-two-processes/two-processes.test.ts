import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
import { bundleProgram } from '../../test/support/bundle.ts';
import { REPOSITORY } from '../../test/support/tools.ts';
import { until } from '../../test/support/until.ts';

const PATIENCE_MS = 100_000;
let folder: string;
const running: ChildProcess[] = [];
const programs = {
  'collector.ts': bundleProgram(resolve(import.meta.dirname, 'collector.ts')),
  'server.ts': bundleProgram(resolve(import.meta.dirname, 'server.ts')),
};
afterAll(() => {
  for (const program of Object.values(programs)) program.remove();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'snapscrape-example-'));
});
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/**
 * Starts one of the programs; returns it and what it has printed once that has the pattern.
 */
async function start(program: keyof typeof programs, args: readonly string[], pattern: RegExp) {
  const { path } = programs[program];
  const child = spawn(process.execPath, [path, folder, ...args], { cwd: REPOSITORY });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += String(data);
    });
  }
  await until(`${program} prints ${pattern}`, () => pattern.test(output), PATIENCE_MS);
  return { child, printed: () => output };
}

async function page(output: string): Promise<string> {
  return (await fetch(output.trim().split('\n').at(-1)!)).text();
}

it('what the collector writes is served, also after both were killed', async () => {
  const collector = await start('collector.ts', ['100'], /changed\n/);
  const server = await start('server.ts', ['0'], /metrics\n/);
  expect(await page(server.printed())).toMatch(/^host_load{minutes="15"} [\d.]+$/m);
  collector.child.kill('SIGKILL');
  server.child.kill('SIGKILL');
  const again = await start('server.ts', ['0'], /metrics\n/);
  const text = await page(again.printed());
  expect(text).toContain('# TYPE host_cpu_idle_seconds_total counter\n');
  expect(text).toMatch(/^host_free_memory_bytes \d+$/m);
  again.child.kill('SIGTERM');
  await until('the server ends when told', () => again.child.exitCode === 0, PATIENCE_MS);
});

it('series end when every collector is gone', async () => {
  const collector = await start('collector.ts', ['100', '1000'], /changed\n/);
  const server = await start('server.ts', ['0', '1000'], /metrics\n/);
  expect(await page(server.printed())).toContain('host_load');
  collector.child.kill('SIGKILL');
  const isOver = async (): Promise<boolean> => !/^host_load/m.test(await page(server.printed()));
  await vi.waitUntil(isOver, { timeout: PATIENCE_MS, interval: 100 });
});
