import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import bcrypt from 'bcryptjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { createCachedSnapshotReader, MemoryStore } from '../../src/index.ts';
import { createExporterServer, type ExporterServer } from '../../src/server/index.ts';
import {
  type Certificate,
  hasOpenssl,
  makeAuthority,
  makeCertificate,
  skipWithoutCommand,
} from '../support/certificates.ts';
import { REPOSITORY, skipWithout, toolPath } from '../support/tools.ts';
import { type RunningProcess, startProcess } from './process.ts';
import {
  type Prometheus,
  type QueriedSeries,
  type ScrapeJob,
  startPrometheus,
} from './prometheus.ts';

const SERIES = 400;
const PASSWORD = 'open sesame';

skipWithoutCommand('openssl');

const folder = mkdtempSync(join(tmpdir(), 'exporter-server-'));
const servers: ExporterServer[] = [];
let secure = 0;
let plain = 0;
let clientCert: Certificate;

/** The worked configuration of docs/sharding.md: a job, as it stands there. */
function shardingJob(): Readonly<Record<string, unknown>> & { readonly job_name: string } {
  const text = readFileSync(join(REPOSITORY, 'docs/sharding.md'), 'utf8');
  const block = /<!-- example: sharding -->\n+```yaml\n([\s\S]*?)```/.exec(text)?.[1];
  const { scrape_configs: jobs } = parse(
    (block ?? '').replaceAll('exporter:9464', `localhost:${plain}`),
  ) as { readonly scrape_configs: [ReturnType<typeof shardingJob>] };
  return jobs[0];
}

async function filledStore(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.setFamilies([
    { name: 'repo_stars', type: 'gauge', help: 'Stars.' },
    { name: 'repo_pushes_total', type: 'counter', help: 'Pushes.' },
  ]);
  const points = Array.from({ length: SERIES }, (_, i) => ({
    name: i % 2 === 0 ? 'repo_stars' : 'repo_pushes_total',
    labels: { org: i % 2 === 0 ? 'a' : 'b', repo: `r${i}` },
    value: i,
  }));
  await store.upsert(points);
  return store;
}

async function serve(options: Parameters<typeof createExporterServer>[1]): Promise<number> {
  const reader = createCachedSnapshotReader(await filledStore(), { background: true });
  const server = createExporterServer(reader, { listenAddresses: ['localhost:0'], ...options });
  servers.push(server);
  const [address] = await server.start();
  return address!.port!;
}

beforeAll(async () => {
  if (!hasOpenssl) return;
  const ca = makeAuthority(folder, 'ca');
  makeCertificate(folder, 'srv', 'DNS:localhost,IP:127.0.0.1', ca);
  clientCert = makeCertificate(folder, 'client', 'DNS:scraper', ca);
  writeFileSync(
    join(folder, 'web.yml'),
    `tls_server_config:
  cert_file: srv.crt
  key_file: srv.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
basic_auth_users:
  scraper: '${bcrypt.hashSync(PASSWORD, 5)}'
`,
  );
  secure = await serve({ webConfigFile: join(folder, 'web.yml') });
  plain = await serve({
    handler: { subsets: { patterns: true } },
    views: [{ path: '/metrics/b', match: '{org=~"[b-z]"}' }],
  });
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true, force: true });
});

/** The settings for a client of the secure exporter, by Prometheus's names. */
function credentials(): Readonly<Record<string, unknown>> {
  return {
    scheme: 'https',
    tls_config: {
      ca_file: join(folder, 'ca.crt'),
      cert_file: clientCert.certFile,
      key_file: clientCert.keyFile,
    },
    basic_auth: { username: 'scraper', password: PASSWORD },
  };
}

function jobs(): readonly ScrapeJob[] {
  const [atSecure, atPlain] = [secure, plain].map((port) => `localhost:${port}`);
  const subset = (name: string, params: Readonly<Record<string, readonly string[]>>): ScrapeJob => {
    return { name, target: atPlain!, settings: { params } };
  };
  return [
    { name: 'whole', target: atPlain! },
    { name: 'identity', target: atPlain!, settings: { enable_compression: false } },
    { name: 'secure', target: atSecure!, settings: credentials() },
    { name: 'http1', target: atSecure!, settings: { ...credentials(), enable_http2: false } },
    {
      name: 'stranger',
      target: atSecure!,
      settings: { ...credentials(), tls_config: { ca_file: join(folder, 'ca.crt') } },
    },
    {
      name: 'guesser',
      target: atSecure!,
      settings: { ...credentials(), basic_auth: { username: 'scraper', password: 'guess' } },
    },
    { name: 'view', target: atPlain!, settings: { metrics_path: '/metrics/b' } },
    subset('names', { 'name[]': ['repo_pushes', 'snapscrape_series'] }),
    subset('match', { 'match[]': ['{org="a",repo=~"r[0-9]0"}', 'repo_stars{repo="r2"}'] }),
    { name: shardingJob().job_name, target: '', settings: shardingJob() },
  ];
}

describe('a real Prometheus at an exporter server', () => {
  skipWithout('prometheus');
  let prometheus: Prometheus | undefined;

  beforeAll(async () => {
    if (toolPath('prometheus') === undefined) return;
    prometheus = await startPrometheus(join(folder, 'prometheus'), jobs());
  });
  afterAll(() => prometheus?.stop());

  /** Asks until the only value of an expression is as expected; Prometheus takes its time. */
  async function settles(expression: string, value: number): Promise<void> {
    let last: readonly QueriedSeries[] = [];
    await vi
      .waitUntil(
        async () => {
          last = await prometheus!.query(expression);
          return last.length === 1 && last[0]!.value === value;
        },
        { timeout: 30_000, interval: 100 },
      )
      .catch(() => {
        throw new Error(`${expression} is ${JSON.stringify(last)} and not ${value}`);
      });
  }

  it.each(['whole', 'identity', 'secure', 'http1'])('gets every series as %s', async (job) => {
    await settles(`count({job="${job}",__name__=~"repo_.*"})`, SERIES);
    await settles(`sum({job="${job}",__name__=~"repo_.*"})`, (SERIES * (SERIES - 1)) / 2);
    await settles(`up{job="${job}"}`, 1);
  });

  it.each(['stranger', 'guesser'])('gets nothing as a %s', async (job) => {
    await settles(`up{job="${job}"}`, 0);
    expect(await prometheus!.query(`{job="${job}",__name__=~"repo_.*"}`)).toEqual([]);
  });

  it('gets the families that `name[]` names', async () => {
    await settles('count({job="names",__name__="repo_pushes_total"})', SERIES / 2);
    await settles('sum(snapscrape_series{job="names"})', SERIES / 2);
    expect(await prometheus!.query('repo_stars{job="names"}')).toEqual([]);
  });

  it('gets the series that `match[]` selects, and those of a view', async () => {
    // r10, r20 … r90, and r2.
    await settles('count({job="match",__name__=~"repo_.*"})', 10);
    await settles('count({job="view",__name__=~"repo_.*"})', SERIES / 2);
    await settles('count({job="view",org!="b",__name__=~"repo_.*"}) or vector(0)', 0);
  });

  it('gets each series once from the four shards of docs/sharding.md', async () => {
    await settles('count({job="large",__name__=~"repo_.*"})', SERIES);
    await settles('sum({job="large",__name__=~"repo_.*"})', (SERIES * (SERIES - 1)) / 2);
    await settles('count({job="large",shard!="",__name__=~"repo_.*"}) or vector(0)', 0);
    await settles('count(up{job="large"} == 1)', 4);
    await settles('sum(snapscrape_series{job="large"})', SERIES);
    await settles('count(sum by (of_shard) (snapscrape_series{job="large"}) > 50)', 4);
    // No sample is scraped twice, but for each part's own counts of series by family.
    const parts = await prometheus!.query('sum(scrape_samples_scraped{job="large"})');
    const whole = await prometheus!.query('scrape_samples_scraped{job="whole"}');
    expect(parts[0]!.value).toBeGreaterThanOrEqual(whole[0]!.value);
    expect(parts[0]!.value).toBeLessThanOrEqual(whole[0]!.value + 6);
  });

  it('has complained of the stranger and the guesser alone', () => {
    const complaints = prometheus!
      .log()
      .filter((line) => / level=(WARN|ERROR) |scrape_pool=.*(err=|[Ff]ail|[Dd]uplicate)/.test(line))
      .filter((line) => !/scrape_pool=(stranger|guesser) /.test(line));
    expect(complaints).toEqual([]);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('VictoriaMetrics at an exporter server', () => {
  skipWithoutCommand('victoria-metrics');
  let victoria: RunningProcess | undefined;
  afterAll(() => victoria?.stop());

  it('gets every series, a view and a subset, with certificate and password', async () => {
    const names = ['whole', 'secure', 'view', 'match'];
    const wanted = jobs().filter(({ name }) => names.includes(name));
    const config = join(folder, 'victoria.yml');
    // It does not tell which port it took, were it to choose.
    const address = `127.0.0.1:${await freePort()}`;
    const scrapeConfigs = wanted.map(({ name, target, settings }) => ({
      job_name: name,
      scrape_interval: '1s',
      static_configs: [{ targets: [target] }],
      ...settings,
    }));
    writeFileSync(config, JSON.stringify({ scrape_configs: scrapeConfigs }));
    victoria = startProcess('victoria-metrics', [
      `-promscrape.config=${config}`,
      `-storageDataPath=${join(folder, 'victoria')}`,
      `-httpListenAddr=${address}`,
      '-search.latencyOffset=0s',
      '-search.disableCache',
    ]);
    await victoria.printed(/starting server at http|started VictoriaMetrics/);
    const count = async (job: string): Promise<number> => {
      const query = encodeURIComponent(`count({job="${job}",__name__=~"repo_.*"})`);
      // It says that it starts before it listens.
      const url = `http://${address}/api/v1/query?query=${query}`;
      const response = await fetch(url).catch(() => undefined);
      if (response === undefined) return 0;
      const answer = (await response.json()) as {
        readonly data: { readonly result: readonly { readonly value: [number, string] }[] };
      };
      return Number(answer.data.result[0]?.value[1] ?? 0);
    };
    const expected = { whole: SERIES, secure: SERIES, view: SERIES / 2, match: 10 };
    for (const [job, series] of Object.entries(expected)) {
      await vi.waitUntil(async () => (await count(job)) === series, {
        timeout: 30_000,
        interval: 200,
      });
    }
  });
});

describe('a certificate that is replaced while scrapes go on', () => {
  it('is shown to new connections, and no scrape fails', async () => {
    const own = mkdtempSync(join(folder, 'swap-'));
    const ca = makeAuthority(own, 'ca');
    const next = makeCertificate(join(own, 'next'), 'srv', 'DNS:localhost', ca);
    makeCertificate(own, 'srv', 'DNS:localhost', ca);
    const web = join(own, 'web.yml');
    writeFileSync(web, 'tls_server_config: { cert_file: srv.crt, key_file: srv.key }\n');
    const port = await serve({ webConfigFile: web });

    const wanted = new X509Certificate(next.cert).fingerprint256;
    const outcomes = new Map<string, number>();
    let isNew = false;
    const scrapeOn = async (): Promise<void> => {
      while (!isNew) {
        const { status, fingerprint } = await scrapeOnce(port, ca.cert);
        outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
        isNew = fingerprint === wanted;
      }
    };
    const load = Promise.all(Array.from({ length: 8 }, scrapeOn));
    await vi.waitUntil(() => (outcomes.get('200') ?? 0) > 50, { timeout: 60_000 });
    // One after the other: in between the key is not that of the certificate.
    copyFileSync(next.certFile, join(own, 'srv.crt'));
    await vi.waitUntil(() => (outcomes.get('200') ?? 0) > 100, { timeout: 60_000 });
    copyFileSync(next.keyFile, join(own, 'srv.key'));
    await load;
    expect([...outcomes.keys()]).toEqual(['200']);
  });
});

/** One scrape on a connection of its own, and the certificate that it was shown. */
function scrapeOnce(
  port: number,
  ca: string,
): Promise<{ readonly status: string; readonly fingerprint: string }> {
  return new Promise((resolve) => {
    let fingerprint = '';
    const options = { host: 'localhost', port, path: '/metrics', ca, agent: false };
    const request = get(options, (response) => {
      response.resume().on('error', (error) => resolve({ status: String(error), fingerprint }));
      response.on('end', () => resolve({ status: String(response.statusCode), fingerprint }));
    });
    request.on('socket', (socket) => {
      socket.on('secureConnect', () => {
        if (socket instanceof TLSSocket) fingerprint = socket.getPeerCertificate().fingerprint256;
      });
    });
    request.on('error', (error) => resolve({ status: String(error), fingerprint }));
  });
}

describe('curl at an exporter server', () => {
  skipWithoutCommand('curl');

  // Not the synchronous one: the server is in this very process.
  async function curl(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('curl', ['-sS', '-g', '-m', '20', ...args]);
    return stdout;
  }

  function tls(): readonly string[] {
    const { certFile, keyFile } = clientCert;
    return ['--cacert', join(folder, 'ca.crt'), '--cert', certFile, '--key', keyFile];
  }

  it.each(['--http1.1', '--http2'])('gets the page with %s, TLS and a password', async (way) => {
    const url = `https://localhost:${secure}/metrics`;
    const options = ['-w', '%{http_version} %{http_code}', '-u', `scraper:${PASSWORD}`];
    const page = await curl(way, ...tls(), ...options, '--compressed', url);
    expect(page).toContain('repo_stars{org="a",repo="r2"} 2\n');
    expect(page).toMatch(way === '--http2' ? /\n2 200$/ : /\n1\.1 200$/);
  });

  it('is rejected without the one or the other', async () => {
    const url = `https://localhost:${secure}`;
    const code = ['-o', join(folder, 'out'), '-w', '%{http_code}'];
    expect(await curl(...tls(), ...code, `${url}/metrics`)).toBe('401');
    expect(await curl(...tls(), ...code, `${url}/-/healthy`)).toBe('200');
    const stranger = ['--cacert', join(folder, 'ca.crt'), ...code, `${url}/metrics`];
    await expect(curl(...stranger)).rejects.toThrow(/curl/);
  });
});
