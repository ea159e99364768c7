import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import bcrypt from 'bcryptjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endPrograms, listening, type Program, startProgram } from '../../test/support/program.ts';
import { until } from '../../test/support/until.ts';
import { PUSHGATEWAY_COMMAND } from './pushgateway-command.ts';

// Each flag of `snapscrape pushgateway` has an effect, which is seen from outside. Two processes
// have all flags; what one has, the other has not.

const folder = mkdtempSync(join(tmpdir(), 'gateway-flags-'));
const file = (name: string): string => join(folder, name);
const socket = createServer();

/** Has the flags of a gateway that is on the way to users. */
let open: Program;
/** Has the flags of one that takes everything from those who may. */
let guarded: Program;
let urls: readonly string[];
let socketUrl: string;

const GIVEN_STATE = relative(process.cwd(), file('state'));

beforeAll(async () => {
  writeFileSync(file('web.yml'), `basic_auth_users: { u: '${await bcrypt.hash('secret', 4)}' }\n`);
  writeFileSync(file('push.yml'), 'push: { group_limit: 1 }\n');
  open = startProgram([
    'pushgateway',
    '--web.listen-address=127.0.0.1:0',
    '--web.listen-address=127.0.0.1:0',
    '--web.telemetry-path=/own',
    '--web.external-url=http://gw.example.org/ext/',
    '--web.enable-lifecycle',
    '--web.enable-admin-api',
    `--persistence.file=${GIVEN_STATE}`,
    '--persistence.interval=1s',
    '--push.enable-utf8-names',
    '--push.ttl=1ms',
    '--log.format=json',
  ]);
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
  socketUrl = `http://127.0.0.1:${(socket.address() as AddressInfo).port}`;
  const args = [
    'pushgateway',
    '--web.systemd-socket',
    `--web.config.file=${file('web.yml')}`,
    '--web.route-prefix=/pg',
    '--push.disable-consistency-check',
    `--config.file=${file('push.yml')}`,
    '--log.level=error',
  ];
  guarded = startProgram(args, { socket });
  // The process has it; here nobody would answer.
  socket.close();
  urls = await listening(open);
});
afterAll(() => {
  endPrograms();
  rmSync(folder, { recursive: true });
});

async function ask(url: string, path: string, init: RequestInit = {}) {
  const headers = { connection: 'close', ...(init.headers as Record<string, string>) };
  const response = await fetch(url + path, { ...init, headers });
  return { status: response.status, text: await response.text() };
}

const ofOpen = (path: string, init?: RequestInit) => ask(urls[0]!, `/ext${path}`, init);
const ofGuarded = (path: string, init: RequestInit = {}) =>
  ask(socketUrl, `/pg${path}`, {
    ...init,
    headers: { authorization: `Basic ${btoa('u:secret')}` },
  });
const put = (body: string): RequestInit => ({ method: 'PUT', body });

/** What each flag does, and that it does not happen without it. */
const EFFECTS: Readonly<Record<string, () => Promise<unknown>>> = {
  'web.listen-address': async () => {
    expect(urls).toHaveLength(2);
    for (const url of urls) expect((await ask(url, '/ext/-/healthy')).status).toBe(200);
  },
  'web.systemd-socket': async () => expect((await ofGuarded('/-/healthy')).status).toBe(200),
  'web.config.file': async () => {
    expect((await ask(socketUrl, '/pg/-/healthy')).status).toBe(401);
    expect((await ofOpen('/-/healthy')).status).toBe(200);
  },
  'web.telemetry-path': async () => {
    expect((await ofOpen('/own')).text).toContain('pushgateway_build_info');
    expect((await ofOpen('/metrics')).status).toBe(404);
    expect((await ofGuarded('/metrics')).text).toContain('pushgateway_build_info');
  },
  'web.external-url': async () => {
    expect((await ofOpen('/own')).status).toBe(200);
    expect((await ask(urls[0]!, '/own')).status).toBe(404);
  },
  'web.route-prefix': async () => {
    expect((await ofGuarded('/metrics')).status).toBe(200);
    const headers = { authorization: `Basic ${btoa('u:secret')}` };
    expect((await ask(socketUrl, '/metrics', { headers })).status).toBe(404);
  },
  'web.enable-admin-api': async () => {
    expect((await ofOpen('/api/v1/admin/wipe', { method: 'PUT' })).status).toBe(202);
    expect((await ofGuarded('/api/v1/admin/wipe', { method: 'PUT' })).status).toBe(404);
  },
  'persistence.file': async () => {
    expect(existsSync(file('state.lmdb'))).toBe(true);
    const { text } = await ofOpen('/api/v1/status');
    expect(JSON.parse(text).data.flags['persistence.file']).toBe(GIVEN_STATE);
  },
  'persistence.interval': async () => {
    expect(open.said.error).toContain('--persistence.interval has no use');
  },
  'push.enable-utf8-names': async () => {
    const name = '{"a.b"} 1\n';
    expect((await ofOpen('/metrics/job/utf8', put(name))).status).toBe(200);
    expect((await ofGuarded('/metrics/job/utf8', put(name))).status).toBe(400);
  },
  'push.ttl': async () => {
    expect((await ofOpen('/metrics/job/ttl', put('a 1\n'))).status).toBe(200);
    let page = '';
    do page = (await ofOpen('/own')).text;
    while (page.includes('job="ttl"'));
    await until('it is logged', () => open.said.error.includes('"msg":"Groups expired"'));
  },
  'push.disable-consistency-check': async () => {
    expect((await ofGuarded('/metrics/job/limit', put('a 1 5\n'))).status).toBe(202);
    expect((await ofOpen('/metrics/job/limit', put('a 1 5\n'))).status).toBe(400);
  },
  'config.file': async () => {
    expect((await ofGuarded('/metrics/job/limit', put('a 1\n'))).status).toBe(202);
    expect((await ofGuarded('/metrics/job/other', put('a 1\n'))).status).toBe(507);
  },
  'log.format': async () => {
    const lines = open.said.error.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toContain('INFO');
  },
  'log.level': async () => expect(guarded.said.error).toBe(''),
  // Last: it ends the process.
  'web.enable-lifecycle': async () => {
    expect((await ofGuarded('/-/quit', { method: 'PUT' })).status).toBe(403);
    expect((await ofOpen('/-/quit', { method: 'PUT' })).status).toBe(200);
    expect(await open.ended).toBe(0);
  },
};

it.each(Object.entries(EFFECTS))('--%s has an effect', async (_, effect) => {
  await effect();
});

it('each flag is here', () => {
  const names = PUSHGATEWAY_COMMAND.flags.map(({ name }) => name).toSorted();
  expect(Object.keys(EFFECTS).toSorted()).toEqual(names);
});
