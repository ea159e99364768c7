import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listenOn, parseListenAddress, type ServedAddress } from './listen-address.ts';

test.each([
  [':9464', { host: undefined, port: 9464 }],
  [':0', { host: undefined, port: 0 }],
  ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
  ['localhost:65535', { host: 'localhost', port: 65_535 }],
  ['[::1]:9464', { host: '::1', port: 9464 }],
  ['[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: 1 }],
  ['unix:/run/exporter.sock', { path: '/run/exporter.sock' }],
  ['unix:./a:80', { path: './a:80' }],
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

test('an address that is taken or is not ours is refused with its name', async () => {
  const [{ port }] = await open('127.0.0.1:0');
  await expect(open(`127.0.0.1:${port}`)).rejects.toMatchObject({
    code: 'listen_failed',
    message: `cannot listen on 127.0.0.1:${port}: address in use; choose another, or stop the process using it`,
    cause: { code: 'EADDRINUSE' },
  });
  await expect(open('192.0.2.1:80')).rejects.toThrow(/^cannot listen on 192\.0\.2\.1:80: .*EADDR/);
});

test('a socket that a dead process left behind is replaced, and one in use is not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'listen-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'exporter.sock');
  const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(spawnSync(process.execPath, ['-e', program]).signal).toBe('SIGKILL');
  const [served] = await open(`unix:${path}`);
  expect(served).toEqual({ url: `unix:${path}`, host: undefined, port: undefined, path });
  await expect(open(`unix:${path}`)).rejects.toMatchObject({ code: 'listen_failed' });
});
