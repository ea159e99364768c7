import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';
import { REPOSITORY, skipWithout, toolPath } from '../../support/tools.ts';
import { type RunningProcess, startProcess } from '../process.ts';

const VERSION_HEADER = 'x-snapscrape-version';

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
    const replicas = await text('/replica');
    expect(replicas.join()).toContain('snapscrape_snapshot_age_seconds');
    const versions = await Promise.all(
      bases.map(async (base) => (await fetch(`${base}/metrics`)).headers.get(VERSION_HEADER)),
    );
    expect(versions[0]).toMatch(/^[0-9a-f]{12}$/);
    expect(versions).toSatisfy(allAreEqual);
    const sample = `\nsnapscrape_snapshot_version ${Number.parseInt(versions[0]!, 16)}\n`;
    expect(replicas.every((page) => page.includes(sample))).toBe(true);

    await collector.stop();
    await processes[1]!.stop();
    bases.shift();
    await start('collector.ts', '60000', 'two').printed(/new, \d+ changed\n/);
    const hasBoth = (pages: string[]): boolean =>
      pages.every((page) => page.includes('host="one"') && page.includes('host="two"'));
    await expect.poll(() => text('/metrics'), { timeout: 60_000 }).toSatisfy(hasBoth);
    expect(await text('/metrics')).toSatisfy(allAreEqual);
  });
});

describe('the recipes for Prometheus', () => {
  skipWithout('promtool');

  it.each(['one target', 'hash shards'])('%s is a configuration', (name) => {
    const files = { 'prometheus.yml': recipe(name) };
    expect(promtool(['check', 'config', 'prometheus.yml'], files)).toContain('SUCCESS');
  });

  it('versions has rules that tell of the replica that is stuck, and of no other', () => {
    const files = { 'rules.yml': recipe('versions'), 'tests.yml': VERSIONS };
    expect(promtool(['check', 'rules', 'rules.yml'], files)).toContain('2 rules found');
    expect(promtool(['test', 'rules', 'tests.yml'], files)).toContain('SUCCESS');
  });
});

/**
 * Replica `c` stands still from minute 5 on, `a` and `b` go on until minute 60; `new` begins at
 * minute 45.
 */
const VERSIONS = `
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - { series: 'snapscrape_snapshot_version{job="replicas", instance="a"}', values: 5+1x60 65x60 }
      - { series: 'snapscrape_snapshot_version{job="replicas", instance="b"}', values: 4+1x60 65x60 }
      - { series: 'snapscrape_snapshot_version{job="replicas", instance="c"}', values: 5+1x5 10x115 }
      - { series: 'snapscrape_snapshot_version{job="replicas", instance="new"}', values: _x45 50+1x15 65x60 }
    alert_rule_test:
      - { eval_time: 14m, alertname: ReplicaStandsStill }
      - eval_time: 58m
        alertname: ReplicaStandsStill
        exp_alerts: [{ exp_labels: { job: replicas, instance: c } }]
      - { eval_time: 58m, alertname: ReplicasDiffer }
      - { eval_time: 100m, alertname: ReplicaStandsStill }
      - eval_time: 100m
        alertname: ReplicasDiffer
        exp_alerts: [{ exp_labels: { job: replicas } }]
  - interval: 1m
    input_series:
      - { series: 'snapscrape_snapshot_version{job="replicas", instance="a"}', values: 7x60 9x60 }
      - { series: 'snapscrape_snapshot_version{job="replicas", instance="b"}', values: 7x61 9x59 }
    alert_rule_test:
      - { eval_time: 50m, alertname: ReplicasDiffer }
      - { eval_time: 61m, alertname: ReplicasDiffer }
      - { eval_time: 72m, alertname: ReplicaStandsStill }
      - { eval_time: 110m, alertname: ReplicasDiffer }
`;

/** The block of docs/replicas.md behind a mark. */
function recipe(name: string): string {
  const page = readFileSync(join(REPOSITORY, 'docs/replicas.md'), 'utf8');
  const block = new RegExp(`<!-- example: ${name} -->\\n+\`\`\`yaml\\n([\\s\\S]*?)\`\`\``);
  return block.exec(page)![1]!;
}

/** What promtool prints, run in a folder of some files. */
function promtool(args: readonly string[], files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'snapscrape-recipe-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return String(execFileSync(toolPath('promtool')!, args, { cwd: folder }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function allAreEqual(texts: readonly unknown[]): boolean {
  return new Set(texts).size === 1;
}
