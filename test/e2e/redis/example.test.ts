import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';
import { REPOSITORY, skipWithout, toolPath } from '../../support/tools.ts';
import { type RunningProcess, startProcess } from '../process.ts';

describe('the example with three replicas', () => {
  let redis: RedisServer;
  const processes: RunningProcess[] = [];
  skipWithoutRedis();
  beforeAll(
    whereRedisIs(async () => {
      redis = await startRedis();
    }),
  );
  afterAll(async () => {
    for (const process of processes) await process.stop();
    await redis?.stop();
  });
  const start = (program: string, ...args: string[]): RunningProcess => {
    const path = `examples/redis-replicas/${program}`;
    const process = startProcess('node', ['--import', 'tsx', path, redis.url, ...args]);
    processes.push(process);
    return process;
  };

  it('serves one page from all of them, also after a collector and a replica were killed', async () => {
    const collector = start('collector.ts', '60000', 'one');
    await collector.printed(/new, \d+ changed\n/);
    const bases: string[] = [];
    for (let i = 0; i < 3; i++) {
      const [, base] = await start('replica.ts', '0').printed(/(http:.*)\/metrics\n/);
      bases.push(base!);
    }
    const text = async (path: string): Promise<string[]> =>
      Promise.all(bases.map(async (base) => (await fetch(`${base}${path}`)).text()));
    await expect.poll(() => text('/cursor')).toSatisfy(allAreEqual);
    const before = await text('/metrics');
    expect(before).toSatisfy(allAreEqual);
    expect(before[0]).toMatch(/^host_load{host="one",minutes="15"} [\d.]+$/m);
    expect(before[0]).toContain('# TYPE host_cpu_idle_seconds_total counter\n');
    expect(before[0]).not.toContain('snapscrape_');
    expect((await text('/replica')).join()).toContain('snapscrape_snapshot_age_seconds');

    await collector.stop();
    await processes[1]!.stop();
    bases.shift();
    await start('collector.ts', '60000', 'two').printed(/new, \d+ changed\n/);
    const hasBoth = (pages: string[]): boolean =>
      pages.every((page) => page.includes('host="one"') && page.includes('host="two"'));
    await expect.poll(() => text('/metrics'), { timeout: 10_000 }).toSatisfy(hasBoth);
    expect(await text('/metrics')).toSatisfy(allAreEqual);
  });
});

describe('the recipes for Prometheus', () => {
  skipWithout('promtool');

  it.each(['one target', 'hash shards'])('%s is a configuration', (name) => {
    const page = readFileSync(join(REPOSITORY, 'docs/replicas.md'), 'utf8');
    const block = new RegExp(`<!-- example: ${name} -->\\n+\`\`\`yaml\\n([\\s\\S]*?)\`\`\``);
    const folder = mkdtempSync(join(tmpdir(), 'snapscrape-recipe-'));
    const file = join(folder, 'prometheus.yml');
    writeFileSync(file, block.exec(page)![1]!);
    const output = execFileSync(toolPath('promtool')!, ['check', 'config', file]);
    rmSync(folder, { recursive: true });
    expect(String(output)).toContain('SUCCESS');
  });
});

function allAreEqual(texts: string[]): boolean {
  return new Set(texts).size === 1;
}
