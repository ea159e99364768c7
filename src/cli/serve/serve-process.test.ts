import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { endPrograms, Load, listening, startProgram } from '../../../test/support/program.ts';
import { until } from '../../../test/support/until.ts';

// `snapscrape serve` as a process.

const folder = mkdtempSync(join(tmpdir(), 'serve-process-'));
const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
const config = `--config.file=${join(folder, 'snapscrape.yml')}`;
const FILE = 'sources: [{ name: cron, textfile: { directory: . } }]\n';
afterAll(() => {
  endPrograms();
  rmSync(folder, { recursive: true });
});

const page = async (url: string, path = '/metrics'): Promise<string> =>
  (await fetch(`${url}${path}`, { headers: { connection: 'close' } })).text();

it('serves at many addresses through reloads of all kinds, and fails no scrape', async () => {
  write('a.prom', 'a 1\n');
  write('snapscrape.yml', FILE);
  // What Kubernetes sets beside a service of this name.
  const service = { SNAPSCRAPE_PORT: 'tcp://10.0.0.1:80', SNAPSCRAPE_SERVICE_HOST: '10.0.0.1' };
  const env = { ...service, SNAPSCRAPE_LOG_FORMAT: 'json', SNAPSCRAPE_LOG_LEVEL: 'error' };
  const addresses = ['--web.listen-address=127.0.0.1:0', '--web.listen-address=127.0.0.1:0'];
  const flags = ['--log.level=info', '--web.enable-lifecycle'];
  const program = startProgram(['serve', config, ...addresses, ...flags], { env });
  const [first, second] = await listening(program);
  expect(await page(second!)).toContain('a 1\n');
  const said = (pattern: RegExp): number => program.said.error.match(pattern)?.length ?? 0;

  const load = new Load(`${first}/metrics`);
  await load.more(20);
  // By a signal.
  write('snapscrape.yml', `${FILE}views: [{ path: /v }]\n`);
  program.child.kill('SIGHUP');
  await until('it is reloaded', () => said(/Configuration reloaded/g) === 1);
  expect(await page(first!, '/v')).toContain('a 1\n');
  // Nothing of a bad file is taken over.
  write('snapscrape.yml', 'views: []\nstorage: { retencion: 1d }\n');
  await until('it is not reloaded', () => said(/Reload failed/g) > 0);
  await load.more(20);
  expect(await page(first!, '/v')).toContain('a 1\n');
  expect(program.said.error).toMatch(/"line":2,"err":"unknown key.*"suggestion":"retention"/);
  write('snapscrape.yml', `storage: { url: 'lmdb:${folder}/other' }\n`);
  for (const method of ['POST', 'PUT']) {
    const { status } = await fetch(`${first}/-/reload`, { method });
    expect(status).toBe(500);
  }
  expect(program.said.error).toContain('storage.url was changed, which needs a restart');
  expect(await page(first!)).toContain('snapscrape_config_last_reload_successful 0\n');
  // By a change of the file.
  write('snapscrape.yml', FILE);
  await until('it is reloaded', () => said(/Configuration reloaded/g) === 2);
  expect(await page(first!)).toContain('snapscrape_config_last_reload_successful 1\n');
  await load.more(20);
  expect(load.failures).toEqual([]);

  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(0);
  await load.stop();
  // Once it ends, connections are refused. The system resets those that it took for the program.
  const announced = new Set(['ECONNREFUSED', 'ECONNRESET']);
  expect(load.failures.filter((failure) => !announced.has(failure))).toEqual([]);
  expect(program.said.out).toBe('');
  expect(
    program.said.error
      .trimEnd()
      .split('\n')
      .every((line) => line.startsWith('{')),
  ).toBe(true);
});

it.runIf(process.platform !== 'win32')('holds signals until it has started', async () => {
  // Says when the store is opened, which is before the program takes signals.
  const store = createServer((socket) => socket.on('error', () => undefined)).listen(
    0,
    '127.0.0.1',
  );
  await once(store, 'listening');
  const { port } = store.address() as { port: number };
  const url = `--storage.url=redis://127.0.0.1:${port}`;
  const program = startProgram(['serve', '--web.listen-address=127.0.0.1:0', url]);
  const [socket] = (await once(store, 'connection')) as [Socket];
  program.child.kill('SIGHUP');
  program.child.kill('SIGTERM');
  socket.destroy();
  store.close();
  expect(await program.ended).toBe(0);
  expect(program.said.error).toMatch(/Listening.*Stopped/s);
});

it.runIf(process.platform !== 'win32')('listens at the socket that systemd opened', async () => {
  const socket = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => socket.once('listening', resolve));
  const { port } = socket.address() as { port: number };
  const program = startProgram(['serve', '--web.systemd-socket'], { socket });
  await until('it listens', () => program.said.error.includes('Listening'));
  socket.close();
  expect(await page(`http://127.0.0.1:${port}`)).toContain('snapscrape_build_info');
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(0);
});
