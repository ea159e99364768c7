import { spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MemoryStore } from '../stores/memory-store.ts';
import { createExporterServer } from './exporter-server.ts';
import {
  listenOn,
  parseListenAddress,
  type ServedAddress,
  socketPathProblem,
} from './listen-address.ts';

test.each([
  [':9464', { host: undefined, port: 9464 }],
  [':0', { host: undefined, port: 0 }],
  ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
  ['localhost:65535', { host: 'localhost', port: 65_535 }],
  ['[::1]:9464', { host: '::1', port: 9464 }],
  ['[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: 1 }],
  ['unix:/run/exporter.sock', { path: '/run/exporter.sock' }],
  ['unix:./a:80', { path: './a:80' }],
  ['fd:3', { fd: 3 }],
])('the address %s is understood', (text, address) => {
  expect(parseListenAddress(text)).toEqual(address);
});

test.each(['', '9464', ':', ':65536', '::1:80', '[::1]', 'http://a:80', 'a b:80', 'unix:'])(
  'the address %j is none',
  (text) => {
    expect(parseListenAddress(text)).toBeUndefined();
  },
);

function open(text: string): Promise<[ServedAddress, Server]> {
  const server = createServer();
  onTestFinished(() => void server.close());
  return listenOn(server, parseListenAddress(text)!, 'http').then((served) => [served, server]);
}

test.each([
  [':0', /^http:\/\/localhost:\d+$/],
  ['0.0.0.0:0', /^http:\/\/localhost:\d+$/],
  ['127.0.0.1:0', /^http:\/\/127\.0\.0\.1:\d+$/],
])('where to look for %s has the port that was taken', async (text, expected) => {
  const [{ url, port }, server] = await open(text);
  expect(url).toMatch(expected);
  expect(server.address()).toMatchObject({ port });
});

test('an address that is taken or is not ours is rejected with its name', async () => {
  const [{ port }] = await open('127.0.0.1:0');
  await expect(open(`127.0.0.1:${port}`)).rejects.toMatchObject({
    code: 'listen_failed',
    message: `cannot listen on 127.0.0.1:${port}: address in use; choose another, or stop the process using it`,
    cause: { code: 'EADDRINUSE' },
  });
  await expect(open('192.0.2.1:80')).rejects.toThrow(/^cannot listen on 192\.0\.2\.1:80: .*EADDR/);
});

test('a socket that a dead process left behind is replaced, and one in use is not', async () => {
  const path = join(temporaryFolder(), 'exporter.sock');
  leaveDeadSocket(path);
  const [served] = await open(`unix:${path}`);
  expect(served).toEqual({ url: `unix:${path}`, host: undefined, port: undefined, path });
  await expect(open(`unix:${path}`)).rejects.toMatchObject({ code: 'listen_failed' });
});

test.each<[string, (path: string, folder: string) => void]>([
  ['a file', (path) => writeFileSync(path, 'data')],
  ['an empty file', (path) => writeFileSync(path, '')],
  ['a folder', (path) => mkdirSync(path)],
  [
    'a link to a file',
    (path, folder) => {
      writeFileSync(join(folder, 'data'), 'data');
      symlinkSync(join(folder, 'data'), path);
    },
  ],
  ['a link to nothing', (path, folder) => symlinkSync(join(folder, 'nothing'), path)],
  [
    'a link to a dead socket',
    (path, folder) => {
      leaveDeadSocket(join(folder, 'dead'));
      symlinkSync(join(folder, 'dead'), path);
    },
  ],
])('%s at the path of a socket stays, and is rejected with the remedy', async (_what, make) => {
  const folder = temporaryFolder();
  const path = join(folder, 'exporter.sock');
  make(path, folder);
  const before = lstatSync(path);
  await expect(open(`unix:${path}`)).rejects.toMatchObject({
    code: 'listen_failed',
    message: expect.stringMatching(/something else than a socket; move it away, or choose/),
    cause: { code: 'EADDRINUSE' },
  });
  expect([lstatSync(path).ino, lstatSync(path).mode]).toEqual([before.ino, before.mode]);
  expect(readdirSync(folder)).toContain('exporter.sock');
});

test.each<[string, (path: string) => unknown]>([
  ['a file', (path) => writeFileSync(path, 'data')],
  ['a link', (path) => symlinkSync('/dev/null', path)],
  ['a folder', (path) => mkdirSync(path)],
  ['the socket of another exporter', (path) => open(`unix:${path}`)],
])('%s that has taken the place of a socket stays when that is closed', async (_what, make) => {
  const folder = temporaryFolder();
  const path = join(folder, 'exporter.sock');
  const server = createExporterServer(new MemoryStore(), { listenAddresses: [`unix:${path}`] });
  await server.start();
  unlinkSync(path);
  await make(path);
  const before = lstatSync(path);
  await server.close();
  expect([lstatSync(path).ino, lstatSync(path).mode]).toEqual([before.ino, before.mode]);
  expect(readdirSync(folder)).toEqual(['exporter.sock']);
});

test('a socket is gone once its exporter is closed', async () => {
  const folder = temporaryFolder();
  const server = createExporterServer(new MemoryStore(), {
    listenAddresses: [`unix:${folder}/exporter.sock`],
  });
  await server.start();
  await server.close();
  expect(readdirSync(folder)).toEqual([]);
});

test('a folder that is missing, and a file in its place, are named', async () => {
  const folder = temporaryFolder();
  await expect(open(`unix:${folder}/a/b.sock`)).rejects.toThrow(/the folder is missing.*create it/);
  writeFileSync(join(folder, 'file'), '');
  await expect(open(`unix:${folder}/file/b.sock`)).rejects.toThrow(
    /ENOTDIR: .*choose another path/,
  );
});

test('the path of a socket is counted in bytes of UTF-8, and has no zero byte', () => {
  const fits = `unix:/${'x'.repeat(102)}`;
  expect(socketPathProblem(fits)).toBeUndefined();
  expect(socketPathProblem(`unix:/${'x'.repeat(107)}`)).toMatch(/at most \d+ bytes.* has 108;/);
  expect(socketPathProblem(`unix:/${'ä'.repeat(54)}`)).toMatch(/has 109;/);
  expect(socketPathProblem('unix:/a\0b')).toMatch(/zero byte/);
  expect(socketPathProblem(':9464')).toBeUndefined();
  const make = (): unknown =>
    createExporterServer(SOURCE, { listenAddresses: [`${fits}${'y'.repeat(9)}`] });
  expect(make).toThrow(expect.objectContaining({ code: 'invalid_options' }));
});

test.skipIf(process.platform !== 'linux')('the longest path is served', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'x'.repeat(107 - folder.length - 1));
  await open(`unix:${path}`);
  expect(readdirSync(folder)).toEqual(['x'.repeat(107 - folder.length - 1)]);
});

test.each([null, undefined, 'text'])(
  'a runtime that hands %s on with its events is understood',
  async (argument) => {
    const runtime = (event: string): Server =>
      Object.assign(new EventEmitter(), {
        listen(this: EventEmitter) {
          process.nextTick(() => this.emit(event, argument));
        },
        address: () => ({ port: 5 }),
      }) as unknown as Server;
    const address = { host: '127.0.0.1', port: 0 };
    await expect(listenOn(runtime('listening'), address, 'http')).resolves.toMatchObject({
      port: 5,
    });
    await expect(listenOn(runtime('error'), address, 'http')).rejects.toMatchObject({
      code: 'listen_failed',
      message: expect.stringContaining(String(argument)),
    });
  },
);

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'listen-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Leaves a socket that a process listened on which was killed. */
function leaveDeadSocket(path: string): void {
  const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(spawnSync(process.execPath, ['-e', program]).signal).toBe('SIGKILL');
}

const SOURCE = { snapshot: () => [] };

test('a socket that the process has inherited is listened at', async () => {
  const owner = createServer().listen(0, '127.0.0.1');
  await once(owner, 'listening');
  onTestFinished(() => void owner.close());
  const { fd } = (owner as unknown as { _handle: { fd: number } })._handle;
  const code = `
    import { createServer } from 'node:net';
    import { listenOn } from '${new URL('listen-address.ts', import.meta.url).href}';
    console.log((await listenOn(createServer(), { fd: 3 }, 'http')).port);
    process.exit();
  `;
  const args = ['--import', 'tsx', '--input-type=module', '-e', code];
  const { stdout } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit', fd],
  });
  expect(Number(stdout)).toBe((owner.address() as AddressInfo).port);
});
