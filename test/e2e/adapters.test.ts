import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { bundleApplications } from '../support/bundle.ts';
import { REPOSITORY, skipWithout, toolPath } from '../support/tools.ts';
import { type RunningProcess, startProcess } from './process.ts';
import { type Prometheus, startPrometheus } from './prometheus.ts';

const ADAPTERS = join(REPOSITORY, 'examples/adapters');
const FIXTURES = join(REPOSITORY, 'test/http/fixtures');

/** Each example: what is run, and where its metrics are if not at `/metrics`. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  express: ['express.ts'],
  fastify: ['fastify.ts'],
  koa: ['koa.ts'],
  hono: ['hono.ts'],
  'node-http': ['node-http.ts'],
  'node-http2': ['node-http2.ts'],
  'web-request': ['serve-fetch.ts', './web-request.ts'],
  next: ['serve-fetch.ts', './next/app/metrics/route.ts', './next/instrumentation.ts'],
  'exporter-server': ['exporter-server.ts'],
};
const NAMES = Object.keys(EXAMPLES);

const JOBS = '{__name__="queue_jobs",job=';
const isInstalled = existsSync(join(ADAPTERS, 'node_modules/express'));

beforeEach((context) => {
  const remedy = 'npm ci --prefix examples/adapters installs them';
  context.skip(!isInstalled, `the frameworks of examples/adapters are missing; ${remedy}`);
});

const folder = mkdtempSync(join(tmpdir(), 'adapters-'));
const processes: RunningProcess[] = [];
const ports = new Map<string, number>();
let prometheus: Prometheus | undefined;

async function startExample([program = '', ...args]: readonly string[]): Promise<number> {
  const settings = [
    'PORT=0',
    `TLS_CERT=${join(FIXTURES, 'localhost.crt')}`,
    `TLS_KEY=${join(FIXTURES, 'localhost.key')}`,
  ];
  const node = [process.execPath, '--import', 'tsx', join(ADAPTERS, program), ...args];
  const running = startProcess('env', [...settings, ...node]);
  processes.push(running);
  const [, port] = await running.printed(/listening on port (\d+)\n/);
  return Number(port);
}

beforeAll(async () => {
  if (!isInstalled) return;
  await Promise.all(
    NAMES.map(async (name) => ports.set(name, await startExample(EXAMPLES[name]!))),
  );
  if (toolPath('prometheus') === undefined) return;
  prometheus = await startPrometheus(
    join(folder, 'prometheus'),
    NAMES.map((name) => ({
      name,
      target: `localhost:${ports.get(name)}`,
      settings: {
        scrape_protocols: ['OpenMetricsText1.0.0'],
        ...(name === 'node-http2'
          ? { scheme: 'https', tls_config: { ca_file: join(FIXTURES, 'localhost.crt') } }
          : {}),
      },
    })),
  );
});

afterAll(async () => {
  await prometheus?.stop();
  await Promise.all(processes.map((running) => running.stop()));
  rmSync(folder, { recursive: true, force: true });
});

function urlOf(name: string): string {
  return `${name === 'node-http2' ? 'https' : 'http'}://localhost:${ports.get(name)}/metrics`;
}

/** What curl gets, as it came: the head, and the body of whatever coding. */
function curl(name: string, ...args: readonly string[]): { head: string; body: Buffer } {
  const ca = ['--cacert', join(FIXTURES, 'localhost.crt')];
  const answer = execFileSync('curl', ['-sSig', ...ca, ...args, urlOf(name)]);
  const end = answer.indexOf('\r\n\r\n');
  return { head: answer.subarray(0, end).toString().toLowerCase(), body: answer.subarray(end + 4) };
}

const OPENMETRICS = ['-H', 'Accept: application/openmetrics-text; version=1.0.0'];

describe.each(NAMES)('the example for %s', (name) => {
  it('sends one gzip of OpenMetrics, whatever compresses in front of it', () => {
    const { head, body } = curl(name, ...OPENMETRICS, '-H', 'Accept-Encoding: gzip');
    expect(head).toMatch(/^http\/[\d.]+ 200/);
    expect(head).toContain('content-type: application/openmetrics-text; version=1.0.0');
    // Next takes the header off, so its example leaves compression to it.
    const codings = name === 'next' ? null : ['content-encoding: gzip'];
    expect(head.match(/^content-encoding:.*$/gm)).toEqual(codings);
    const text = (codings === null ? body : gunzipSync(body)).toString();
    expect(text).toContain('\nqueue_jobs{queue="mail"} 3\nqueue_jobs{queue="search"} 5\n');
    expect(text).toMatch(/\n# EOF\n$/);
  });

  it('sends plain text to clients that accept nothing else, and heads without bodies', () => {
    const { head, body } = curl(name);
    expect(head).toMatch(/content-type: text\/plain; version=(0\.0\.4|1\.0\.0)/);
    expect(head).not.toContain('content-encoding');
    expect(body.toString()).toContain('queue_jobs{queue="mail"} 3\n');
    const only = curl(name, '--head', ...OPENMETRICS);
    expect(only.head).toMatch(/^http\/[\d.]+ 200/);
    expect(only.body).toHaveLength(0);
  });

  it('selects by the query', () => {
    const all = ['-G', '--data-urlencode', 'match[]={queue="mail"}'];
    const { body } = curl(name, ...all);
    expect(body.toString()).toContain('queue_jobs{queue="mail"} 3\n');
    expect(body.toString()).not.toContain('search');
  });

  it('survives clients that go away', async () => {
    const port = ports.get(name)!;
    for (let i = 0; i < 20; i++) {
      const socket = connect(port, 'localhost');
      await once(socket, 'connect');
      socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
      if (i % 2 === 0) await once(socket, 'readable').catch(() => undefined);
      socket.destroy();
    }
    expect(curl(name).head).toMatch(/^http\/[\d.]+ 200/);
  });
});

describe('the example for express', () => {
  it('serves at a mount, and what is compressed in front of it in another coding', () => {
    const url = urlOf('express').replace('/metrics', '/internal/metrics');
    const text = execFileSync('curl', ['-sS', '--compressed', '-H', 'Accept-Encoding: br', url]);
    expect(text.toString()).toContain('queue_jobs{queue="mail"} 3\n');
  });
});

describe('a real Prometheus', () => {
  skipWithout('prometheus');

  it.each(NAMES)('scrapes the example for %s', async (name) => {
    await vi.waitUntil(
      async () => {
        const [up] = await prometheus!.query(`up{job="${name}"}`);
        const stored = await prometheus!.query(`${JOBS}"${name}"}`);
        return up?.value === 1 && stored.length === 2;
      },
      { timeout: 30_000, interval: 100 },
    );
    const stored = await prometheus!.query(`${JOBS}"${name}"}`);
    const values = Object.fromEntries(stored.map(({ metric, value }) => [metric.queue, value]));
    expect(values).toEqual({ mail: 3, search: 5 });
  });

  it('has nothing to complain of', () => {
    const complaints = prometheus!.log().filter((line) => / level=(WARN|ERROR) /.test(line));
    expect(complaints).toEqual([]);
  });
});

it('the route of Next serves what is written by a bundle of its own', async () => {
  const sources = {
    writer: `export { register } from '${ADAPTERS}/next/instrumentation.ts';`,
    route: `export { GET } from '${ADAPTERS}/next/app/metrics/route.ts';`,
  };
  const fileOf = (name: string): string => join(folder, `${name}.mjs`);
  bundleApplications(sources, fileOf, { bundler: 'esbuild', format: 'esm' });
  const { register } = (await import(fileOf('writer'))) as { register: () => Promise<void> };
  await register();
  const { GET } = (await import(fileOf('route'))) as {
    GET: (request: Request) => Promise<Response>;
  };
  const page = await (await GET(new Request('http://localhost/metrics'))).text();
  expect(page).toContain('queue_jobs{queue="mail"} 3\n');
});

it('the examples compile in strict mode', () => {
  const tsc = join(REPOSITORY, 'node_modules/.bin/tsc');
  execFileSync(tsc, ['-p', ADAPTERS], { stdio: 'pipe' });
});
