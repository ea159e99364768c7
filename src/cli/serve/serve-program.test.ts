import { renameSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linesOf, ServedPrograms } from '../../../test/support/served-program.ts';
import { LmdbStore } from '../../stores/lmdb/index.ts';
import { UsageError } from '../settings/problems.ts';

let programs: ServedPrograms;
let servers: Server[];
beforeEach(() => {
  [programs, servers] = [new ServedPrograms(), []];
  write('a.prom', '# TYPE jobs gauge\njobs{org="acme"} 1\njobs{org="other",dc="own"} 2\n');
});
afterEach(async () => {
  await programs.close();
  for (const server of servers) server.close();
});

const write = (file: string, text: string): void => programs.write(file, text);
const serve: ServedPrograms['serve'] = (...given) => programs.serve(...given);

const CRON = 'sources: [{ name: cron, textfile: { directory: . }, labels: { dc: eu1 } }]\n';

describe('snapscrape serve', () => {
  it('serves text files with the labels of their source', async () => {
    const { get, data } = await serve(CRON);
    const { yaml } = await data('config');
    expect(yaml).toContain('textfile:\n');
    expect(yaml).not.toMatch(/exposition|tls_config|authorization/);
    const { text } = await get('/metrics');
    expect(linesOf(text, 'jobs')).toEqual([
      'jobs{dc="eu1",exported_dc="own",org="other"} 2',
      'jobs{dc="eu1",org="acme"} 1',
    ]);
    expect(text).toContain('snapscrape_config_last_reload_successful 1\n');
    expect(text).toMatch(/^snapscrape_config_last_reload_success_timestamp_seconds \d/m);
    expect(text).toMatch(/^snapscrape_build_info\{.*version="/m);
  });

  it('logs that a text file is wrong, and when it is right again', async () => {
    write('a.prom', 'jobs{ 1\n');
    const { get } = await serve(
      'sources: [{ name: cron, textfile: { directory: . }, refresh_interval: 1ms }]\n',
    );
    await get('/metrics');
    write('a.new', 'jobs 17\n');
    renameSync(join(programs.folder, 'a.new'), join(programs.folder, 'a.prom'));
    await expect.poll(async () => (await get('/metrics')).text).toContain('jobs 17\n');
    expect(programs.lines.filter((line) => line.includes('A file of cron'))).toEqual([
      expect.stringMatching(/level=ERROR .*a\.prom 1 line is left out/),
      expect.stringMatching(/level=INFO .*"A file of cron is right again" path=.*a\.prom/),
    ]);
  });

  it('shows no other URL of the store than the file that has it', async () => {
    write('url', 'memory:\n');
    const { data } = await serve('storage: { url_file: url }\n');
    const { yaml } = await data('config');
    expect(yaml).toMatch(/^storage:\n +url_file: .*url\n/);
    expect(yaml).not.toContain('memory:');
    expect(await data('flags')).toMatchObject({ 'storage.url': '' });
  });

  it('serves another page by its token, and fails a source with too many series alone', async () => {
    const page = createServer((request, response) => {
      if (request.url === '/metrics/slow') return;
      const isKnown = request.headers.authorization === 'Bearer hidden1';
      response.writeHead(isKnown ? 200 : 401, { 'content-type': 'text/plain; version=0.0.4' });
      response.end('b 1\nc 2\n');
    }).listen(0, '127.0.0.1');
    servers.push(page);
    await new Promise((resolve) => page.once('listening', resolve));
    const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}/metrics`;
    write('legacy.token', 'hidden1\n');
    const { get, data } = await serve(`
sources:
  - name: legacy
    exposition: { url: '${url}', authorization: { credentials_file: legacy.token } }
  - name: slow
    exposition: { url: '${url}/slow' }
    refresh_timeout: 100ms
  - name: large
    exposition: { url: '${url}', authorization: { credentials_file: legacy.token } }
    sample_limit: 1
  - name: long
    exposition: { url: '${url}', authorization: { credentials_file: legacy.token } }
    body_size_limit: 5B
families: { b: { type: counter, help: The bs., unit: bytes } }
`);
    const { text } = await get('/metrics');
    expect(linesOf(text, 'b ')).toEqual(['b 1']);
    expect(linesOf(text, '# TYPE b ')).toEqual([expect.stringMatching(/counter|untyped/)]);
    expect(linesOf(text, 'snapscrape_reader_up')).toEqual([
      'snapscrape_reader_up{reader="legacy"} 1',
      'snapscrape_reader_up{reader="slow"} 0',
      'snapscrape_reader_up{reader="large"} 0',
      'snapscrape_reader_up{reader="long"} 0',
      'snapscrape_reader_up{reader="store"} 1',
    ]);
    expect(programs.lines.join('\n')).toMatch(/source=slow .*or raise its refresh_timeout/);
    expect(programs.lines.join('\n')).toMatch(
      /source=large code=refresh_failed .*raise its sample_limit/,
    );
    expect(programs.lines.join('\n')).toMatch(
      /source=long code=invalid_exposition .*body_size_limit is 5.* or raise body_size_limit/,
    );
    const shown = JSON.stringify([await data('config'), await data('flags'), programs.lines]);
    expect(shown).toContain('legacy.token');
    expect(shown).not.toContain('hidden1');
  });

  it('serves views to their own users', async () => {
    const hash = await bcrypt.hash('secret', 4);
    const { get, data } = await serve(
      `${CRON}views: [{ path: /tenants/acme, match: ['{org="acme"}'], basic_auth_users: { acme: ${hash} } }, { path: /half, shard: 1/2 }]\n`,
    );
    expect((await get('/tenants/acme')).status).toBe(401);
    const authorization = `Basic ${Buffer.from('acme:secret').toString('base64')}`;
    const { text } = await get('/tenants/acme', { headers: { authorization } });
    expect(linesOf(text, 'jobs')).toEqual(['jobs{dc="eu1",org="acme"} 1']);
    expect((await get('/half')).status).toBe(200);
    expect((await data('config')).yaml).not.toContain(hash);
  });

  it('reloads all or nothing, and says by name what needs a restart', async () => {
    const { get, program } = await serve(CRON, '--web.enable-lifecycle');
    const reload = async (file: string): Promise<number> => {
      write('snapscrape.yml', file);
      return (await get('/-/reload', { method: 'POST' })).status;
    };
    expect(await reload(`${CRON}views: [{ path: /v }]\nlog: { level: debug }\n`)).toBe(200);
    expect((await get('/v')).status).toBe(200);
    expect(await reload('views: []\nstorage: { retencion: 1d }\n')).toBe(500);
    expect(await reload('sources:\n- name: cron\n  textfle: { directory: . }\n')).toBe(500);
    expect(await reload(`storage: { retention: 1d }\n`)).toBe(500);
    expect(await reload(`views: [{ path: /w, match: ['{a=~"("}'] }]\n`)).toBe(500);
    expect(await reload(`views: [{ path: /-/x }]\n`)).toBe(500);
    expect(await reload(`views:\n - path: /metrics\n - path: /w\n - path: /w\n`)).toBe(500);
    expect((await get('/v')).status).toBe(200);
    const { text } = await get('/metrics');
    expect(linesOf(text, 'jobs')).toHaveLength(2);
    expect(text).toContain('snapscrape_config_last_reload_successful 0\n');
    expect(programs.lines.filter((line) => line.includes('Reload failed'))).toEqual([
      expect.stringContaining('line=2 err="unknown key \\"retencion\\"" suggestion=retention'),
      expect.stringContaining('line=3 err="unknown key \\"textfle\\"" suggestion=textfile'),
      expect.stringContaining('storage.retention was changed, which needs a restart'),
      expect.stringContaining('views: match of /w: '),
      expect.stringContaining('line=1 err="views: the path /-/x is taken'),
      expect.stringContaining('line=2 err="views: the path /metrics is taken'),
    ]);
    write('snapscrape.yml', 'views: []\n');
    expect(await program.reload()).toBe(true);
    expect((await get('/v')).status).toBe(404);
    expect(linesOf((await get('/metrics')).text, 'jobs')).toEqual([]);
  });

  it('keeps the snapshot of a source that a reload does not change', async () => {
    const { get, program } = await serve(CRON);
    await get('/metrics');
    rmSync(join(programs.folder, 'a.prom'));
    write('snapscrape.yml', `${CRON}views: [{ path: /v }]\n`);
    expect(await program.reload()).toBe(true);
    expect(linesOf((await get('/v')).text, 'jobs')).toHaveLength(2);
  });

  it('serves what a durable store has, below a prefix, and wipes it on demand', async () => {
    const store = await LmdbStore.open(join(programs.folder, 'data'));
    await store.upsert({ name: 'kept', labels: {}, value: 7 });
    await store.close();
    write('url', `lmdb:${join(programs.folder, 'data')}\n`);
    const { get } = await serve(
      'storage: { url_file: url }\n',
      '--web.external-url=http://proxy/gate/',
      '--web.telemetry-path=/page',
      '--web.enable-admin-api',
    );
    expect(linesOf((await get('/gate/page')).text, 'kept')).toEqual(['kept 7']);
    expect((await get('/page')).status).toBe(404);
    expect((await get('/')).headers.get('location')).toBe('/gate/');
    expect((await get('/gate/-/ready')).status).toBe(200);
    expect((await get('/gate/api/v1/admin/wipe')).status).toBe(405);
    expect((await get('/gate/api/v1/admin/wipe', { method: 'PUT' })).status).toBe(202);
    expect(linesOf((await get('/gate/page')).text, 'kept')).toEqual([]);
  });

  it('refuses every request whose flag is off', async () => {
    const { get } = await serve('');
    for (const path of ['/-/reload', '/-/quit', '/api/v1/admin/wipe']) {
      const { status, text } = await get(path, { method: 'PUT' });
      expect([status, text]).toEqual([403, expect.stringContaining('start with --web.enable-')]);
    }
  });

  it('ends on request', async () => {
    const { get, program } = await serve('', '--web.enable-lifecycle');
    expect((await get('/-/quit', { method: 'POST' })).status).toBe(200);
    await program.closed;
    expect(programs.lines.at(-1)).toContain('msg=Stopped');
  });

  it('tells its state by the names of Prometheus', async () => {
    const { data } = await serve('storage: { retention: 1d, series_limit: 5 }\n');
    expect(await data('buildinfo')).toMatchObject({ version: expect.any(String), goVersion: '' });
    expect(await data('runtimeinfo')).toMatchObject({
      reloadConfigSuccess: true,
      storageRetention: '1d',
    });
    expect(await data('flags')).toMatchObject({
      'web.listen-address': '[127.0.0.1:0]',
      // By the file, and by default.
      'storage.retention': '1d',
      'log.level': 'info',
      'storage.url': 'memory:',
    });
    expect((await data('config')).yaml).toContain('series_limit: 5\n');
  });

  it('takes no password that ps would show, and no two sources of one name', async () => {
    const wrong = (file: string, ...args: readonly string[]): Promise<unknown> =>
      serve(file, ...args).catch((error: unknown) => error);
    expect(await wrong('', '--storage.url=redis://u:hidden1@h')).toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining('--storage.url-file'),
    });
    expect(
      await wrong(CRON.replace('}]', '}, { name: cron, textfile: { directory: . } }]')),
    ).toEqual(expect.any(UsageError));
    expect(await wrong(CRON.replace('textfile', 'exposition'))).toBeInstanceOf(UsageError);
    const missing = CRON.replace(
      'textfile: { directory: . }',
      "exposition: { url: 'http://h', authorization: { credentials_file: none } }",
    );
    expect(await wrong(missing)).toMatchObject({
      message: expect.stringContaining('none cannot be read'),
    });
  });
});
