import { mkdirSync, utimesSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import bcrypt from 'bcryptjs';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasOpenssl, makeAuthority, makeCertificate } from '../../../test/support/certificates.ts';
import {
  linesOf,
  type ServedProgram,
  ServedPrograms,
} from '../../../test/support/served-program.ts';
import { until } from '../../../test/support/until.ts';
import { LmdbStore } from '../../stores/lmdb/index.ts';
import { keysOf } from '../settings/configuration-page.ts';
import { flagsOf } from '../settings/flags.ts';
import { SERVE_FLAGS, SERVE_SETTINGS } from '../settings/serve-settings.ts';
import type { AnyGroup } from '../settings/shape.ts';

// Each flag and each key of `snapscrape serve` has an effect. What needs a process of its own is in
// `serve-process.test.ts`; the list there is compared with the settings too.

let programs: ServedPrograms;
let servers: Server[];
beforeEach(() => {
  [programs, servers] = [new ServedPrograms(), []];
});
afterEach(async () => {
  await programs.close();
  for (const server of servers) server.close();
});

const shown = new Set<string>();

/** A test that fails if one of the settings has no effect. */
function effect(settings: readonly string[], what: string, test: () => Promise<void>): void {
  for (const setting of settings) shown.add(setting);
  it(`${what}: ${settings.join(', ')}`, test);
}

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const page = async ({ get }: ServedProgram, path = '/metrics'): Promise<string> =>
  (await get(path)).text;

/** The names of the sources that are up, once so many are: a slow machine reads them late. */
async function upOf(program: ServedProgram, count: number): Promise<readonly string[]> {
  for (let at = 0; ; at++) {
    const lines = linesOf(await page(program), 'snapscrape_reader_up');
    const names = lines.flatMap((line) => /reader="(.*)"\} 1$/.exec(line)?.[1] ?? []);
    if (names.length >= count || at >= 100) return names;
  }
}

const basic = (user: string): string => `Basic ${Buffer.from(user).toString('base64')}`;

describe('a source of another page', () => {
  const key = (name: string): string => `sources[].exposition.${name}`;

  effect(
    [
      key('url'),
      key('authorization.type'),
      key('authorization.credentials_file'),
      key('basic_auth.username'),
      key('basic_auth.password_file'),
      'sources[].name',
      'sources[].labels.<name>',
      'sources[].sample_limit',
      'sources[].body_size_limit',
      'sources[].refresh_timeout',
      'sources[].refresh_interval',
    ],
    'is read as its keys say',
    async () => {
      const reads = new Map<string, number>();
      const other = await listen(
        createServer(({ url = '', headers }, response) => {
          reads.set(url, (reads.get(url) ?? 0) + 1);
          if (url === '/hangs') return;
          const wanted = { '/user': basic('u:hidden1'), '/token': 'Token hidden2' }[url];
          const isWelcome = wanted === undefined || wanted === headers.authorization;
          response.writeHead(isWelcome ? 200 : 401, { 'content-type': 'text/plain' });
          response.end(`a{at="${url}"} 1\nb{at="${url}"} 2\n`);
        }),
      );
      programs.write('password', 'hidden1\n');
      programs.write('token', 'hidden2\n');
      const source = (name: string, path: string, more = '', rest = ''): string =>
        `  - { name: ${name}, exposition: { url: 'http://${other}${path}'${more} }${rest} }\n`;
      const program = await programs.serve(
        `sources:\n${[
          source('plain', '/plain', '', ', labels: { dc: eu1 }'),
          source('user', '/user', ', basic_auth: { username: u, password_file: password }'),
          source('other', '/user', ', basic_auth: { username: o, password_file: password }'),
          source('token', '/token', ', authorization: { type: Token, credentials_file: token }'),
          source('bearer', '/token', ', authorization: { credentials_file: token }'),
          source('many', '/many', '', ', sample_limit: 1'),
          source('long', '/long', '', ', body_size_limit: 5B'),
          source('late', '/hangs', '', ', refresh_timeout: 20ms'),
          source('often', '/often', '', ', refresh_interval: 20ms'),
        ].join('')}`,
      );
      expect(await upOf(program, 5)).toEqual(['plain', 'user', 'token', 'often', 'store']);
      expect(linesOf(await page(program), 'a{at="/plain"')).toEqual(['a{at="/plain",dc="eu1"} 1']);
      expect(programs.lines.join('\n')).toMatch(/source=late code=refresh_timeout/);
      await until('it is read often', () => reads.get('/often')! > 3);
      expect(reads.get('/plain')).toBe(1);
    },
  );

  effect(
    ['ca_file', 'cert_file', 'key_file', 'server_name', 'insecure_skip_verify'].map((name) =>
      key(`tls_config.${name}`),
    ),
    'is reached over TLS',
    async () => {
      if (!hasOpenssl) return;
      const ca = makeAuthority(programs.folder, 'ca');
      const server = makeCertificate(programs.folder, 'server', 'DNS:right.test', ca);
      makeCertificate(programs.folder, 'client', 'DNS:client.test', ca);
      const other = await listen(
        createSecureServer(
          { cert: server.cert, key: server.key, ca: ca.cert, requestCert: true },
          (_, response) => {
            response.writeHead(200, { 'content-type': 'text/plain' });
            response.end('a 1\n');
          },
        ),
      );
      const [own, name] = [
        'cert_file: client.crt, key_file: client.key',
        'server_name: right.test',
      ];
      const trust = 'ca_file: ca.crt';
      const source = (of: string, ...tls: readonly string[]): string =>
        `  - { name: ${of}, exposition: { url: 'https://${other}/', tls_config: { ${tls.join(', ')} } } }\n`;
      const program = await programs.serve(
        `sources:\n${[
          source('all', own, trust, name),
          source('unknown', trust, name),
          source('untrusted', own, name),
          source('unnamed', own, trust),
          source('insecure', own, 'insecure_skip_verify: true'),
        ].join('')}`,
      );
      expect(await upOf(program, 3)).toEqual(['all', 'insecure', 'store']);
    },
  );
});

effect(
  ['sources[].textfile.directory', 'sources[].textfile.retention', 'sources[].body_size_limit'],
  'text files are read, but old and long ones',
  async () => {
    mkdirSync(`${programs.folder}/files`);
    programs.write('files/new.prom', 'a{file="new"} 1\n');
    programs.write('files/old.prom', 'a{file="old"} 1\n');
    programs.write('files/long.prom', `a{file="long"} 1\n${'# x\n'.repeat(99)}`);
    utimesSync(`${programs.folder}/files/old.prom`, 1000, Date.now() / 1000 - 7200);
    const source = (name: string, more: string, rest = ''): string =>
      `  - { name: ${name}, textfile: { directory: files${more} }, labels: { s: ${name} }${rest} }\n`;
    const program = await programs.serve(
      `sources:\n${source('all', '')}${source('young', ', retention: 1h')}${source('short', '', ', body_size_limit: 100B')}`,
    );
    await upOf(program, 4);
    expect(linesOf(await page(program), 'a{')).toEqual([
      'a{file="long",s="all"} 1',
      'a{file="long",s="young"} 1',
      'a{file="new",s="all"} 1',
      'a{file="new",s="short"} 1',
      'a{file="new",s="young"} 1',
      'a{file="old",s="all"} 1',
      'a{file="old",s="short"} 1',
    ]);
  },
);

effect(
  ['families.<name>.type', 'families.<name>.unit', 'families.<name>.help'],
  'a family has metadata',
  async () => {
    programs.write('a.prom', 'took_seconds 1\ndone_total 2\n');
    const program = await programs.serve(
      `sources: [{ name: cron, textfile: { directory: . } }]
families:
  took_seconds: { unit: seconds, help: How long. }
  done_total: { type: counter }\n`,
    );
    await upOf(program, 2);
    const accept = 'application/openmetrics-text; version=1.0.0';
    const { text } = await program.get('/metrics', { headers: { accept } });
    expect(text.split('\n').filter((line) => /^# \w+ (took|done)/.test(line))).toEqual([
      '# TYPE done counter',
      '# TYPE took_seconds gauge',
      '# UNIT took_seconds seconds',
      '# HELP took_seconds How long.',
    ]);
  },
);

effect(
  [
    'storage.url',
    'storage.url_file',
    'storage.retention',
    'families.<name>.retention',
    '--storage.url',
    '--storage.url-file',
    '--storage.retention',
  ],
  'a store is opened, and ends what is old',
  async () => {
    const url = `lmdb:${programs.folder}/data`;
    const minutes = (ago: number): number => Date.now() - ago * 60_000;
    const store = await LmdbStore.open(`${programs.folder}/data`);
    const labels = {};
    await store.upsert([
      { name: 'short', labels, value: 1, updatedAt: minutes(10) },
      { name: 'kept', labels, value: 1, updatedAt: minutes(10) },
      { name: 'gone', labels, value: 1, updatedAt: minutes(60) },
    ]);
    await store.close();
    programs.write('url', `${url}\n`);
    const kept = async (file: string, ...flags: readonly string[]): Promise<string> => {
      const program = await programs.serve(file, ...flags);
      const lines = (await page(program)).match(/^(short|kept|gone) /gm) ?? [];
      await program.program.close();
      return lines.join('');
    };
    expect(await kept('')).toBe('');
    expect(await kept(`storage: { url: '${url}' }\n`)).toBe('gone kept short ');
    expect(await kept('storage: { url_file: url }\n')).toBe('gone kept short ');
    expect(await kept('', `--storage.url=${url}`)).toBe('gone kept short ');
    expect(await kept('', `--storage.url-file=${programs.folder}/url`)).toBe('gone kept short ');
    const families = 'families: { short: { retention: 1m } }\n';
    expect(await kept(families, `--storage.url=${url}`)).toBe('gone kept ');
    expect(
      await kept(`storage: { retention: 1d }\n`, `--storage.url=${url}`, '--storage.retention=2d'),
    ).toBe('gone kept ');
    expect(await kept(`storage: { retention: 30m }\n`, `--storage.url=${url}`)).toBe('kept ');
    expect(await kept('', `--storage.url=${url}`, '--storage.retention=1m')).toBe('');
  },
);

effect(
  [
    'storage.series_limit',
    'push.ttl',
    'push.group_limit',
    'push.body_size_limit',
    'push.rules[].match',
    'push.rules[].ttl',
    '--push.ttl',
    '--web.enable-push-api',
  ],
  'groups have lifetimes and limits',
  async () => {
    const rules = `rules: [{ match: '{job=~"sh.*"}', ttl: 1ms }]`;
    const program = await programs.serve(
      `push: { ttl: 1h, group_limit: 2, body_size_limit: 1KB, ${rules} }\nstorage: { series_limit: 20 }\n`,
      '--web.enable-push-api',
    );
    const push = async (job: string, body: string | Buffer, headers = {}): Promise<number> => {
      const init = { method: 'PUT', body, headers };
      return (await program.get(`/metrics/job/${job}`, init)).status;
    };
    expect(await push('short', 'a 1\n')).toBe(200);
    expect(await push('long', 'a 2\n')).toBe(200);
    await ends(program, 'short');
    expect(await page(program)).toContain('a{job="long"} 2\n');
    expect(await push('second', 'a 3\n')).toBe(200);
    expect(await push('third', 'a 4\n')).toBe(507);
    const bomb = gzipSync('a 1\n'.padStart(100_000, '#\n'));
    expect(await push('long', bomb, { 'content-encoding': 'gzip' })).toBe(413);
    expect(await push('long', `a 1\n${'# x\n'.repeat(300)}`)).toBe(413);
    const many = Array.from({ length: 20 }, (_, at) => `a{l="${at}"} 1\n`);
    expect(await push('long', many.join(''))).toBe(400);
    expect(await push('long', many.slice(0, 5).join(''))).toBe(200);

    for (const [file, flag] of [
      ['push: { ttl: 1ms }\n', ''],
      ['push: { ttl: 1h }\n', '--push.ttl=1ms'],
    ] as const) {
      const given = flag === '' ? [] : [flag];
      const brief = await programs.serve(file, '--web.enable-push-api', ...given);
      await brief.get('/metrics/job/j', { method: 'PUT', body: 'a 1\n' });
      await ends(brief, 'j');
    }
  },
);

/** Scrapes until a group has ended. */
async function ends(program: ServedProgram, job: string): Promise<void> {
  for (let text = ''; ; ) {
    text = await page(program);
    expect(text).toContain('snapscrape_push_groups');
    if (!text.includes(`job="${job}"`)) return;
  }
}

effect(
  ['views[].path', 'views[].match[]', 'views[].shard', 'views[].basic_auth_users.<name>'],
  'views have parts of the page for their users',
  async () => {
    const lines = Array.from({ length: 20 }, (_, at) => `a{l="${at}"} 1\n`);
    programs.write('a.prom', lines.join(''));
    const hash = await bcrypt.hash('secret', 4);
    const program = await programs.serve(
      `sources: [{ name: cron, textfile: { directory: . } }]
views:
  - { path: /one, match: ['{l="1"}'], basic_auth_users: { acme: ${hash} } }
  - { path: /half, shard: 1/2 }\n`,
    );
    expect((await program.get('/one')).status).toBe(401);
    const headers = { authorization: basic('acme:secret') };
    const { text } = await program.get('/one', { headers });
    expect(linesOf(text, 'a{')).toEqual(['a{l="1"} 1']);
    const half = linesOf(await page(program, '/half'), 'a{');
    expect(half.length).toBeGreaterThan(0);
    expect(half.length).toBeLessThan(20);
  },
);

effect(
  ['log.level', 'log.format', '--log.level', '--log.format'],
  'the log has a level and a format, also after a reload',
  async () => {
    const json = (): boolean => programs.lines.at(-1)!.startsWith('{');
    const { program } = await programs.serve('log: { level: info, format: json }\n');
    await until('it is logged', () => programs.lines.length === 2);
    expect([json(), programs.lines.every((line) => line.includes('"INFO"'))]).toEqual([true, true]);
    programs.write('snapscrape.yml', 'log: { level: info, format: logfmt }\n');
    await program.reload();
    expect(json()).toBe(false);
    const count = programs.lines.length;
    programs.write('snapscrape.yml', 'log: { level: error }\n');
    await program.reload();
    expect(programs.lines).toHaveLength(count);
    const flagged = ['--log.level=warn', '--log.format=json'];
    const quiet = await programs.serve('log: { level: info }\n', ...flagged);
    programs.write('snapscrape.yml', 'log: { levl: info }\n');
    await quiet.program.reload();
    expect(programs.lines).toHaveLength(count + 1);
    expect(json()).toBe(true);
  },
);

effect(
  [
    '--config.file',
    '--web.config.file',
    '--web.telemetry-path',
    '--web.route-prefix',
    '--web.external-url',
    '--web.enable-lifecycle',
    '--web.enable-admin-api',
  ],
  'the server has paths, users and what a flag allows',
  async () => {
    const user = await bcrypt.hash('secret', 4);
    programs.write('web.yml', `basic_auth_users: { u: '${user}' }\n`);
    const guarded = await programs.serve('', `--web.config.file=${programs.folder}/web.yml`);
    expect((await guarded.get('/metrics')).status).toBe(401);
    const headers = { authorization: basic('u:secret') };
    expect((await guarded.get('/metrics', { headers })).status).toBe(200);
    const url = '--web.external-url=http://proxy/gate';
    const paths = ['/page', '/gate/page', '/own/page', '/own/metrics'];
    const statuses = async (...flags: readonly string[]): Promise<readonly number[]> => {
      const { get } = await programs.serve('views: [{ path: /v }]\n', ...flags);
      return Promise.all(paths.map(async (path) => (await get(path)).status));
    };
    const page200 = '--web.telemetry-path=/page';
    expect(await statuses(page200)).toEqual([200, 404, 404, 404]);
    expect(await statuses(page200, url)).toEqual([404, 200, 404, 404]);
    expect(await statuses(page200, url, '--web.route-prefix=/own')).toEqual([404, 404, 200, 404]);
    for (const [path, flag] of [
      ['/-/reload', '--web.enable-lifecycle'],
      ['/api/v1/admin/wipe', '--web.enable-admin-api'],
    ] as const) {
      const put = { method: 'PUT' };
      expect((await (await programs.serve('')).get(path, put)).status).toBe(403);
      expect((await (await programs.serve('', flag)).get(path, put)).status).toBeLessThan(300);
    }
  },
);

// In serve-process.test.ts.
const OF_PROCESSES = ['--config.check', '--web.listen-address', '--web.systemd-socket'];

afterAll(() => {
  const flags = flagsOf(SERVE_SETTINGS, SERVE_FLAGS).map(({ name }) => `--${name}`);
  const all = [...flags, ...keysOf(SERVE_SETTINGS as unknown as AnyGroup)];
  expect([...shown, ...OF_PROCESSES].sort()).toEqual(all.sort());
});
