import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createCachedSnapshotReader, createOpenMetricsHandler } from '../../src/index.ts';
import { InvalidExpositionError, lintExposition, parseExposition } from '../../src/parse/index.ts';
import { skipWithoutCommand } from '../support/certificates.ts';
import { seriesOf } from '../support/prometheus-series.ts';
import { freePort, type RedisServer, startRedis } from '../support/redis-servers.ts';
import { toolPath } from '../support/tools.ts';
import { type RunningProcess, startProcess } from './process.ts';

/** Starts a program that listens at an address, and keeps its files in a folder. */
interface Program {
  readonly command: string;
  /** Another program that it needs. */
  readonly beside?: string;
  args(address: string, folder: string): Promise<readonly string[]>;
  /** The rule that its pages break in either format, and the families that are rejected for it. */
  readonly breaks?: { readonly rule: string; readonly families: readonly string[] };
  /** Puts something on its page that it has not by itself. */
  fill?(url: string): Promise<unknown>;
}

let redis: RedisServer | undefined;

const PROGRAMS: readonly Program[] = [
  {
    command: 'prometheus-node-exporter',
    args: async (address) => [`--web.listen-address=${address}`],
  },
  {
    command: 'prometheus-pushgateway',
    // Without a file of its own it writes to that of the system.
    args: async (address, folder) => [
      `--web.listen-address=${address}`,
      `--persistence.file=${join(folder, 'pushed')}`,
    ],
    fill: (url) =>
      fetch(`${url}/metrics/job/night/path@base64/L3Zhci90bXA`, {
        method: 'PUT',
        body: '# TYPE took_seconds summary\ntook_seconds{quantile="0.5"} 1\ntook_seconds_sum 2\ntook_seconds_count 2\n# HELP odd A "b" \\\\ c.\nodd{l="a\\nb"} NaN\n',
      }),
  },
  {
    command: 'prometheus-redis-exporter',
    beside: 'redis-server',
    // Redis tells percentiles, from 0 to 100.
    breaks: { rule: 'quantile', families: ['redis_latency_percentiles_usec'] },
    args: async (address) => {
      redis = await startRedis();
      return [`-redis.addr=${redis.url}`, `-web.listen-address=${address}`];
    },
  },
  {
    command: 'victoria-metrics',
    args: async (address, folder) => [
      `-httpListenAddr=${address}`,
      `-storageDataPath=${join(folder, 'data')}`,
    ],
  },
];

const TEXT = 'text/plain;version=0.0.4';
const FORMATS = [TEXT, 'application/openmetrics-text;version=1.0.0'];

describe.each(PROGRAMS)('the page of $command', (program) => {
  const { command, beside = command, breaks } = program;
  skipWithoutCommand(command);
  skipWithoutCommand(beside);
  let folder: string | undefined;
  let running: RunningProcess | undefined;
  let url: string;

  beforeAll(async () => {
    if (!isInstalled(command) || !isInstalled(beside)) return;
    folder = mkdtempSync(join(tmpdir(), 'program-pages-'));
    const address = `127.0.0.1:${await freePort()}`;
    url = `http://${address}`;
    running = startProcess(command, await program.args(address, folder));
    const isUp = (): Promise<boolean> =>
      fetch(`${url}/metrics`).then(
        ({ ok }) => ok,
        () => false,
      );
    await vi.waitUntil(isUp, { timeout: 60_000, interval: 50 });
    await program.fill?.(url);
  });
  afterAll(async () => {
    await running?.stop();
    await redis?.stop();
    redis = undefined;
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  async function fetchPage(accept: string): Promise<{ body: Buffer; format: string }> {
    const response = await fetch(`${url}/metrics`, { headers: { accept } });
    const body = Buffer.from(await response.arrayBuffer());
    return { body, format: response.headers.get('content-type') ?? TEXT };
  }

  it.each(FORMATS)('keeps the rules, and is served again sample by sample: %s', async (accept) => {
    const { body, format } = await fetchPage(accept);
    expect(brokenRules(body, format)).toEqual(breaks === undefined ? [] : [breaks.rule]);
    const page = parseExposition(body, { format, rules: 'prometheus' });
    expect(page.points.length).toBeGreaterThan(20);
    const reader = createCachedSnapshotReader({
      snapshot: () => page.points,
      families: () => page.families,
    });
    const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
    const response = await handler.fetch(new Request('http://localhost/', { headers: { accept } }));
    const again = parseExposition(Buffer.from(await response.arrayBuffer()), {
      format: response.headers.get('content-type')!,
    });
    const rejected = reader.cacheStats().lastRejected.map(({ subject }) => subject.split('{')[0]!);
    const families = breaks?.families ?? [];
    expect([...new Set(rejected)]).toEqual(families);
    const points = page.points.filter(({ name }) => !families.includes(name));
    expect(seriesOf(again).sort()).toEqual(seriesOf({ ...page, points }).sort());
  });

  it('has the problems that promtool finds, and each is found', async ({ skip }) => {
    const promtool = toolPath('promtool');
    if (promtool === undefined) skip('promtool is missing; scripts/install-judges.sh installs it');
    const { body, format } = await fetchPage(TEXT);
    const { status, stderr } = spawnSync(promtool!, ['check', 'metrics'], { input: body });
    // 1 were a page that it cannot read.
    expect([0, 3]).toContain(status);
    const theirs = problemsOf(stderr.toString());
    expect(theirs.length > 0).toBe(status === 3);
    const { findings } = await lintExposition(body, { format });
    const ours = new Set(findings.map(({ family }) => family));
    expect(theirs.filter((name) => !ours.has(name))).toEqual([]);
  });
});

/** The rules of its format that a page breaks. */
function brokenRules(body: Buffer, format: string): readonly string[] {
  try {
    parseExposition(body, { format });
    return [];
  } catch (error) {
    if (!(error instanceof InvalidExpositionError)) throw error;
    return [...new Set(error.faults.map(({ rule }) => rule))];
  }
}

function isInstalled(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** The metrics that promtool names: a line for each problem, the name first. */
function problemsOf(output: string): readonly string[] {
  const lines = output.trim().split('\n').filter(Boolean);
  return [...new Set(lines.map((line) => line.split(' ')[0]!))];
}
