import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { rawConnection } from '../../test/support/raw-client.ts';
import { until } from '../../test/support/until.ts';

// The program as a process: flags, exit codes, and what it writes where.

// As it is built: a process with a compiler in it starts too slowly.
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'commands-'));
afterAll(() => rmSync(folder, { recursive: true }));

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

interface Started {
  readonly child: ChildProcess;
  readonly said: { out: string; error: string };
  readonly ended: Promise<number | null>;
}

function start(args: readonly string[], input = '', env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
  });
  children.add(child);
  const said = { out: '', error: '' };
  child.stdout.on('data', (data) => (said.out += String(data)));
  child.stderr.on('data', (data) => (said.error += String(data)));
  child.stdin.on('error', () => undefined).end(input);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, said, ended };
}

async function run(args: readonly string[], input?: string) {
  const { said, ended } = start(args, input);
  return { code: await ended, ...said };
}

/** Where a program that was started listens. */
async function listening({ said }: Started): Promise<string> {
  await until('it listens', () => /http:\/\/127\.0\.0\.1:\d+/.test(said.error));
  return /http:\/\/127\.0\.0\.1:\d+/.exec(said.error)![0];
}

describe('the commands', () => {
  it('end with exit code 2 and at most two lines if a flag or the configuration is wrong', async () => {
    writeFileSync(join(folder, 'bad.yml'), 'push:\n  tll: 1h\n  group_limit: 0\n');
    writeFileSync(join(folder, 'empty.state'), '');
    writeFileSync(join(folder, 'rules-bad.yml'), `push: { rules: [{ match: '{' }] }\n`);
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [['pushgatway'], 'unknown command "pushgatway"; did you mean pushgateway?'],
      [['version', '--x'], 'unknown flag "--x"'],
      [
        ['pushgateway', '--web.listen-address=9091'],
        'must be an address such as :9091, 127.0.0.1:9091, [::1]:9091 or',
      ],
      [['pushgateway', '--web.listen-adress=:1'], 'did you mean --web.listen-address?'],
      [['serve', `--config.file=${join(folder, 'none.yml')}`], 'none.yml cannot be read'],
      [
        ['pushgateway', `--config.file=${join(folder, 'bad.yml')}`],
        'bad.yml:2: unknown key "tll"; did you mean ttl?',
      ],
      [['serve', '--web.systemd-socket'], 'file descriptor 3 is not a socket'],
      [['dump', '--storage.url=x:'], '--storage.url must begin with one of'],
      [
        ['serve', '--config.check', `--config.file=${join(folder, 'rules-bad.yml')}`],
        'push.rules[0].match: The selector is wrong at column 2',
      ],
      [['serve', `--storage.url=x:`], 'must begin with memory:, lmdb: or redis:'],
      [['pushgateway', '--web.config.file=none.yml'], 'none.yml'],
      [
        ['pushgateway', `--persistence.file=${join(folder, 'empty.state')}`],
        'empty.state is not a complete state file',
      ],
      [['pushgateway', `--persistence.file=${folder}`], 'give the file, not a folder'],
      [['serve', '--web.config.file=none.yml'], '--web.config.file: '],
    ];
    await Promise.all(
      wrong.map(async ([args, text]) => {
        const { code, out, error } = await run(args);
        expect([code, out], error).toEqual([2, '']);
        expect(error).toContain(text);
        expect(error).not.toMatch(/^\s+at /m);
        const shown = error.split('\n').filter((line) => line !== '' && !line.startsWith('time='));
        expect(shown.length, error).toBeLessThanOrEqual(2);
        // The gateway has no such flag.
        if (args[0] === 'pushgateway') expect(error).not.toContain('--config.check');
      }),
    );
  });

  it('show help and their version, on standard output', async () => {
    const { code, out } = await run(['serve', '--help']);
    expect(code).toBe(0);
    expect(out).toContain('--web.listen-address=<address>\n');
    expect(out).toContain('Default: :19464');
    expect(out).toContain('--[no-]web.enable-lifecycle');
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect((await run(['check', '--version'])).out).toMatch(/^snapscrape check, version \d/);
    expect((await run(['pushgateway', '--version'])).out).toMatch(
      /^snapscrape pushgateway, version \d/,
    );
  });

  it('name the flag of an address that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { code, error } = await run(['serve', `--web.listen-address=127.0.0.1:${port}`]);
    server.close();
    expect([code, error]).toEqual([
      1,
      expect.stringContaining('--web.listen-address: cannot listen'),
    ]);
  });

  it('list every problem with --config.check', async () => {
    const file = join(folder, 'all.yml');
    writeFileSync(file, 'stoarge: {}\nlog: { level: loud }\n');
    const bad = await run(['serve', '--config.check', `--config.file=${file}`]);
    expect([bad.code, bad.error.split('\n')]).toEqual([
      2,
      [
        `${file}:1: unknown key "stoarge"; did you mean storage?`,
        `${file}:2: log.level ("loud") must be one of debug, info, warn, error`,
        '',
      ],
    ]);
    const views = 'views:\n - path: /page\n - path: /v\n - path: /v\n - path: /-/reload\n';
    writeFileSync(file, `${views}sources: [{ name: store, textfile: { directory: . } }]\n`);
    const taken = await run([
      'serve',
      '--config.check',
      '--web.telemetry-path=/page',
      `--config.file=${file}`,
    ]);
    expect([taken.code, taken.error.split('\n')]).toEqual([
      2,
      [
        `${file}:2: views: the path /page is taken; choose another`,
        `${file}:4: views: the path /v is taken; choose another`,
        `${file}:5: views: the path /-/reload is taken; choose another`,
        `${file}:6: sources: the name store is taken; choose another`,
        '',
      ],
    ]);
    writeFileSync(file, 'log: { level: warn }\n');
    expect(await run(['serve', '--config.check', `--config.file=${file}`])).toMatchObject({
      code: 0,
      out: `${file}: nothing is wrong\n`,
    });
  });
});

describe('snapscrape pushgateway', () => {
  it('takes a push, keeps it, shows the flags of the original, and ends with 0 on SIGTERM', async () => {
    const args = [
      'pushgateway',
      '--web.listen-address=127.0.0.1:0',
      `--persistence.file=${join(folder, 'state')}`,
      '--persistence.interval=10m',
      '--push.ttl=1h',
      '--web.config.file=',
      '--no-web.enable-lifecycle',
    ];
    const first = start(args);
    const url = await listening(first);
    const pushed = await fetch(`${url}/metrics/job/backup`, { method: 'PUT', body: 'a 42\n' });
    expect(pushed.status, await pushed.text()).toBe(200);
    const { data } = (await (await fetch(`${url}/api/v1/status`)).json()) as {
      data: { flags: Record<string, string>; start_time: string };
    };
    expect(data.flags).toEqual({
      'log.format': 'logfmt',
      'log.level': 'info',
      'persistence.file': join(folder, 'state'),
      'persistence.interval': '10m0s',
      'push.disable-consistency-check': 'false',
      'push.enable-utf8-names': 'false',
      'web.config.file': '',
      'web.enable-admin-api': 'false',
      'web.enable-lifecycle': 'false',
      'web.external-url': '',
      'web.listen-address': '[127.0.0.1:0]',
      'web.route-prefix': '',
      'web.systemd-socket': 'false',
      'web.telemetry-path': '/metrics',
    });
    const shown = (await (await fetch(`${url}/api/v1/status/flags`)).json()) as {
      data: Record<string, string>;
    };
    expect(shown.data).toEqual({ ...data.flags, 'config.file': '', 'push.ttl': '1h' });
    const status = async (name: string) => (await fetch(`${url}/api/v1/status/${name}`)).json();
    expect(await status('config')).toMatchObject({
      data: { yaml: expect.stringMatching(/^push:\n +ttl: 1h\n/) },
    });
    expect(await status('runtimeinfo')).toMatchObject({
      status: 'success',
      data: { CWD: process.cwd(), startTime: data.start_time, reloadConfigSuccess: true },
    });
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(first.said.out).toBe('');
    expect(first.said.error.match(/persistence\.interval has no use/g)).toHaveLength(1);

    const second = start(args);
    const page = await (await fetch(`${await listening(second)}/metrics`)).text();
    expect(page).toContain('a{instance="",job="backup"} 42\n');
  });

  it('answers large pushes that have begun before SIGTERM, keeps them, and ends with 0', async () => {
    const args = [
      'pushgateway',
      '--web.listen-address=127.0.0.1:0',
      `--persistence.file=${join(folder, 'drained')}`,
    ];
    const gateway = start(args);
    const url = await listening(gateway);
    const filler = 'x'.repeat(600);
    const lines = Array.from({ length: 10_000 }, (_, i) => `a{i="${i}",l="${filler}"} 1\n`);
    const body = Buffer.from(lines.join(''));
    const half = body.length >> 1;
    const pushes = await Promise.all(
      ['a', 'b', 'c'].map(async (job) => {
        const socket = await rawConnection({ port: Number(new URL(url).port) });
        let answer = '';
        socket.on('data', (part: Buffer) => (answer += part.toString()));
        const closed = once(socket, 'close').then(() => answer);
        const head = `PUT /metrics/job/${job} HTTP/1.1\r\nHost: x\r\n`;
        socket.write(`${head}Content-Length: ${body.length}\r\n\r\n`);
        await new Promise((resolve) => socket.write(body.subarray(0, half), resolve));
        return { socket, closed };
      }),
    );
    // A page tells that the gateway has taken what came before it.
    await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
    gateway.child.kill('SIGTERM');
    for (const { socket } of pushes) socket.write(body.subarray(half));
    const answers = await Promise.all(pushes.map(({ closed }) => closed));
    expect(answers.map((answer) => answer.split('\r\n')[0])).toEqual(
      answers.map(() => 'HTTP/1.1 200 OK'),
    );
    expect(await gateway.ended).toBe(0);
    const again = start(args);
    const { data } = (await (await fetch(`${await listening(again)}/api/v1/metrics`)).json()) as {
      data: readonly { a: { metrics: readonly unknown[] } }[];
    };
    expect(data.map(({ a }) => a.metrics.length)).toEqual([10_000, 10_000, 10_000]);
  });

  it('ends groups by the rules of its configuration file', async () => {
    const file = join(folder, 'rules.yml');
    writeFileSync(file, `push: { rules: [{ match: '{job="short"}', ttl: 1ms }] }\n`);
    const gateway = start([
      'pushgateway',
      '--web.listen-address=127.0.0.1:0',
      `--config.file=${file}`,
    ]);
    const url = await listening(gateway);
    for (const job of ['short', 'long']) {
      await fetch(`${url}/metrics/job/${job}`, { method: 'PUT', body: 'a 1\n' });
    }
    let page = '';
    do {
      page = await (await fetch(`${url}/metrics`)).text();
      expect(page).toContain('job="long"');
    } while (page.includes('job="short"'));
  });
});
