import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import bcrypt from 'bcryptjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startExporter, TLS_CONFIG, webConfig } from '../../test/support/exporter.ts';
import { rawAnswer } from '../../test/support/raw-client.ts';
import { ScriptedSource } from '../../test/support/scripted-source.ts';
import { until } from '../../test/support/until.ts';
import {
  createCachedSnapshotReader,
  type MetricPoint,
  type SnapscrapeError,
  type SnapshotReader,
} from '../index.ts';
import { createExporterServer } from './exporter-server.ts';

const PASSWORD_HASH = bcrypt.hashSync('open sesame', 4);
const BASIC = `Basic ${Buffer.from('ann:open sesame').toString('base64')}`;
const TOKEN_HASH = `sha256:${createHash('sha256').update('a-token').digest('hex')}`;

const POINTS: readonly MetricPoint[] = ['a', 'b', 'c'].map((team, at) => {
  return { name: 'jobs', labels: { team }, value: at, updatedAt: 1 };
});

function jobs(): SnapshotReader {
  return createCachedSnapshotReader({ snapshot: () => POINTS });
}

async function get(url: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  const response = await fetch(url, { headers });
  return [response.status, await response.text()];
}

describe('the paths of an exporter', () => {
  it('are the metrics, the probes and a page with links to them', async () => {
    const { url } = await startExporter(jobs());
    const page = await fetch(`${url}/`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    const links = [...html.matchAll(/href="([^"]+)"/g)].map(([, path]) => path!);
    expect(links).toEqual(['./metrics', './-/healthy', './-/ready']);
    for (const path of links) expect((await fetch(new URL(path, `${url}/`))).status).toBe(200);
    // Behind a proxy that serves the exporter below a path of its own.
    expect(new URL(links[0]!, 'https://proxy/exporter/').pathname).toBe('/exporter/metrics');
    expect((await get(`${url}/metrics`))[1]).toContain('jobs{team="b"} 1\n');
  });

  it('are exact: no slash more, no other case, no dots', async () => {
    const { url, port } = await startExporter(jobs());
    for (const path of ['/metrics/', '/Metrics', '//metrics', '/metrics%2F', '/favicon.ico']) {
      expect(await get(`${url}${path}`), path).toEqual([404, 'Not found.\n']);
    }
    const dots = await rawAnswer({ port }, 'GET /a/../metrics HTTP/1.0\r\n\r\n');
    expect(dots).toMatch(/^HTTP\/1\.1 404 /);
    const absolute = await rawAnswer({ port }, 'GET http://a/%6detrics?x=1 HTTP/1.0\r\n\r\n');
    expect(absolute).toMatch(/^HTTP\/1\.1 200 [\s\S]*jobs\{team="a"\} 0\n/);
    expect((await get(`${url}/metrics?a=/-/ready`))[1]).toContain('jobs');
  });

  it('take GET and HEAD alone', async () => {
    const { url } = await startExporter(jobs());
    for (const path of ['/', '/metrics', '/-/ready', '/-/healthy']) {
      const post = await fetch(`${url}${path}`, { method: 'POST', body: 'x' });
      expect([post.status, post.headers.get('allow')], path).toEqual([405, 'GET, HEAD']);
      const head = await fetch(`${url}${path}`, { method: 'HEAD' });
      expect([head.status, await head.text()], path).toEqual([200, '']);
      expect(Number(head.headers.get('content-length')), path).toBeGreaterThan(10);
    }
    expect((await fetch(`${url}/no`, { method: 'DELETE' })).status).toBe(404);
  });

  it('can be others, and the page escapes its texts', async () => {
    const { url } = await startExporter(jobs(), {
      metricsPath: '/probe&1',
      landingPage: { title: '<b>"A" & B</b>', description: "it's", version: '1<2' },
    });
    const [, html] = await get(`${url}/`);
    expect(html).toContain('<title>&lt;b&gt;&quot;A&quot; &amp; B&lt;/b&gt;</title>');
    expect(html).toContain('<p>it&#39;s</p>\n<p>Version 1&lt;2</p>');
    expect(html).toContain('href="./probe&amp;1"');
    expect((await get(`${url}/probe&1`))[0]).toBe(200);
    expect((await get(`${url}/metrics`))[0]).toBe(404);
    const root = await startExporter(jobs(), { metricsPath: '/' });
    expect((await get(root.url))[1]).toContain('jobs{team="a"} 0\n');
  });

  it('are served at every address, a Unix domain socket among them', async () => {
    const server = createExporterServer(jobs(), {
      listenAddresses: ['127.0.0.1:0', 'localhost:0', ':0'],
    });
    onTestFinished(() => server.close());
    const addresses = await server.start();
    expect(server.addresses).toBe(addresses);
    expect(await server.start()).toBe(addresses);
    expect(new Set(addresses.map(({ port }) => port)).size).toBe(3);
    for (const { url } of addresses) expect((await get(`${url}/metrics`))[0]).toBe(200);
    await server.close();
    expect(server.addresses).toEqual([]);
  });
});

describe('the views of an exporter', () => {
  const views = [
    { path: '/metrics/a', match: '{team="a"}' },
    { path: '/metrics/b', match: '{team="b"}', auth: { users: { ann: PASSWORD_HASH } } },
    { path: '/metrics/c', match: '{team="c"}', auth: { bearerTokens: { cy: TOKEN_HASH } } },
  ];

  it('show what they select to users that may see it, whatever else is asked for', async () => {
    const { url } = await startExporter(jobs(), { views, handler: { selfMetrics: false } });
    const line = (team: string, value: number): string =>
      `# TYPE jobs gauge\njobs{team="${team}"} ${value}\n`;
    expect(await get(`${url}/metrics/a`)).toEqual([200, line('a', 0)]);
    expect(await get(`${url}/metrics/a?match[]={team="b"}`)).toEqual([200, '']);
    expect(await get(`${url}/metrics/b`)).toEqual([401, 'Unauthorized\n']);
    expect(await get(`${url}/metrics/b`, { authorization: BASIC })).toEqual([200, line('b', 1)]);
    expect((await get(`${url}/metrics/c`, { authorization: BASIC }))[0]).toBe(401);
    const bearer = { authorization: 'Bearer a-token' };
    expect(await get(`${url}/metrics/c`, bearer)).toEqual([200, line('c', 2)]);
    expect((await get(`${url}/metrics/b`, bearer))[0]).toBe(401);
  });

  it('are on the page of links unless they have users of their own', async () => {
    const { url } = await startExporter(jobs(), { views });
    const [, html] = await get(`${url}/`);
    expect(html).toContain('href="./metrics/a"');
    expect(html).not.toMatch(/metrics\/[bc]/);
  });

  it('begin with the options of the handler, and have limits of their own', async () => {
    const { url } = await startExporter(jobs(), {
      handler: { processStartTime: 5000, openMetrics: false },
      views: [{ path: '/v', openMetrics: true, processStartTime: undefined }],
    });
    const headers = { accept: 'application/openmetrics-text' };
    const whole = await fetch(`${url}/metrics`, { headers });
    const view = await fetch(`${url}/v`, { headers });
    expect(view.headers.get('process-start-time-unix')).toBe('5');
    expect(whole.headers.get('content-type')).toContain('text/plain');
    expect(view.headers.get('content-type')).toContain('openmetrics');
  });

  it('keep their users beside those of the web configuration file', async () => {
    const webConfigFile = webConfig(
      `basic_auth_users: { root: '${PASSWORD_HASH}' }\n` +
        'http_server_config: { headers: { X-Frame-Options: deny } }\n',
    );
    const { url } = await startExporter(jobs(), { views, webConfigFile });
    const root = { authorization: `Basic ${Buffer.from('root:open sesame').toString('base64')}` };
    const statuses = async (headers: Record<string, string>): Promise<number[]> => {
      const responses = ['/metrics', '/metrics/a', '/metrics/b', '/', '/no', '/-/ready'].map(
        (path) => fetch(`${url}${path}`, { headers }),
      );
      const all = await Promise.all(responses);
      expect(all.every((response) => response.headers.get('x-frame-options') === 'deny')).toBe(
        true,
      );
      return all.map(({ status }) => status);
    };
    expect(await statuses({})).toEqual([401, 401, 401, 401, 401, 200]);
    expect(await statuses(root)).toEqual([200, 200, 401, 200, 404, 200]);
    expect(await statuses({ authorization: BASIC })).toEqual([401, 401, 200, 401, 401, 200]);
  });
});

describe('the web configuration file of an exporter', () => {
  it('is followed, and a bad one keeps what was', async () => {
    const path = webConfig('');
    const errors: SnapscrapeError[] = [];
    const { url } = await startExporter(jobs(), {
      webConfigFile: path,
      onError: (error) => {
        errors.push(error);
        throw new Error('a logger that fails');
      },
    });
    expect((await get(`${url}/metrics`))[0]).toBe(200);
    writeFileSync(path, `basic_auth_users: { ann: '${PASSWORD_HASH}' }\n`);
    await vi.waitUntil(async () => (await get(`${url}/metrics`))[0] === 401, { timeout: 60_000 });
    writeFileSync(path, 'basic_auth_user: {}\n');
    await until('the error is reported', () => errors.length > 0);
    expect(errors[0]!.code).toBe('invalid_web_config');
    expect((await get(`${url}/metrics`))[0]).toBe(401);
    expect((await get(`${url}/metrics`, { authorization: BASIC }))[0]).toBe(200);
  });

  it('guards probes only if the option says so, and its rate limit spares them', async () => {
    const webConfigFile = webConfig('rate_limit: { interval: 1h, burst: 2 }\n');
    const statuses = async (url: string, path: string): Promise<number[]> => {
      const all: number[] = [];
      for (let i = 0; i < 4; i++) all.push((await get(`${url}${path}`))[0]);
      return all;
    };
    const open = await startExporter(jobs(), { webConfigFile });
    expect(await statuses(open.url, '/-/healthy')).toEqual([200, 200, 200, 200]);
    expect(await statuses(open.url, '/metrics')).toEqual([200, 200, 429, 429]);
    const guarded = await startExporter(jobs(), { webConfigFile, guardHealth: true });
    expect(await statuses(guarded.url, '/-/healthy')).toEqual([200, 200, 429, 429]);
  });

  it('that is bad leaves nothing open', async () => {
    const server = createExporterServer(jobs(), { webConfigFile: webConfig('tls: {}\n') });
    await expect(server.start()).rejects.toMatchObject({ code: 'invalid_web_config' });
    await server.closed;
  });

  it('with TLS makes the address https', async () => {
    const { url } = await startExporter(jobs(), { webConfigFile: webConfig(TLS_CONFIG) });
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  });
});

describe('starting an exporter', () => {
  it('begins to read the source, and only scrapes wait for it', async () => {
    const source = new ScriptedSource();
    const { server, url } = await startExporter(createCachedSnapshotReader(source));
    await until('it is ready', () => server.readiness() === 'ready');
    expect(source.reads).toBe(1);
    expect((await get(`${url}/-/ready`))[0]).toBe(200);
    expect(source.reads).toBe(1);
  });

  it('reads again what failed, without any scrape', async () => {
    const source = new ScriptedSource();
    source.answer = () => {
      throw new Error('not yet');
    };
    const { server, url } = await startExporter(createCachedSnapshotReader(source));
    await until('it was read', () => source.reads === 1);
    expect((await get(`${url}/-/ready`))[0]).toBe(503);
    expect((await get(`${url}/-/healthy`))[0]).toBe(200);
    source.answer = undefined;
    await until('it is ready', () => server.readiness() === 'ready');
    expect(source.reads).toBe(2);
  });

  it('caches a source without a cache: no scrape reads it again', async () => {
    const source = new ScriptedSource();
    const { server, url } = await startExporter(source);
    await until('it is ready', () => server.readiness() === 'ready');
    for (let scrape = 0; scrape < 3; scrape++) {
      expect((await get(`${url}/metrics`))[0]).toBe(200);
    }
    expect(source.reads).toBe(1);
  });

  it('caches such a source as the option says', async () => {
    const source = new ScriptedSource();
    const cache = { background: false, refreshInterval: 0 };
    const { server, url } = await startExporter(source, { cache });
    await until('it is ready', () => server.readiness() === 'ready');
    const { reads } = source;
    expect((await get(`${url}/metrics`))[0]).toBe(200);
    expect((await get(`${url}/metrics`))[0]).toBe(200);
    expect(source.reads).toBe(reads + 2);
  });

  it('takes no options of a cache for a reader that has one', () => {
    const cached = createCachedSnapshotReader(new ScriptedSource());
    expect(() => createExporterServer(cached, { cache: {} })).toThrow(
      'cache is for a source without a cache',
    );
  });

  it('is rejected if a pattern of the handler or of a view cannot be used', async () => {
    const server = createExporterServer(jobs(), {
      listenAddresses: ['127.0.0.1:0'],
      handler: { match: '{team=~"a(?=b)"}' },
      views: [
        { path: '/inherits' },
        { path: '/good', match: '{team=~"a.*"}' },
        { path: '/bad', match: '{team=~"[z-a]"}' },
      ],
    });
    const error: unknown = await server.start().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'invalid_options' });
    const { message } = error as SnapscrapeError;
    expect(message).toMatch(
      /^createExporterServer: handler\.match has a pattern that cannot be used: .+; views\[2\]\.match \(path \/bad\) has a pattern that cannot be used: .+/,
    );
    expect(message).not.toContain('views[0]');
    await server.closed;
  });

  it('at an address that is taken closes the others', async () => {
    const { port } = await startExporter(jobs());
    const server = createExporterServer(jobs(), {
      listenAddresses: ['127.0.0.1:0', `127.0.0.1:${port}`],
    });
    await expect(server.start()).rejects.toMatchObject({ code: 'listen_failed' });
    await server.closed;
    expect(server.addresses).toEqual([]);
  });

  it('is not possible once it was closed, even while it starts', async () => {
    const server = createExporterServer(jobs(), { listenAddresses: ['127.0.0.1:0'] });
    const starting = server.start();
    await server.close();
    await expect(starting).rejects.toMatchObject({ code: 'closed' });
    await expect(server.start()).rejects.toMatchObject({ code: 'closed' });
    const other = createExporterServer(jobs());
    await other.close();
    await expect(other.start()).rejects.toMatchObject({ code: 'closed' });
  });
});
