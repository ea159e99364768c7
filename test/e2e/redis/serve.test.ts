import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endPrograms, Load, listening, startProgram } from '../../support/program.ts';
import { freePort, type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { skipWithoutRedis } from '../../support/skip-without-redis.ts';
import { until } from '../../support/until.ts';

// `snapscrape serve` over Redis for a day, in short.

skipWithoutRedis();

const folder = mkdtempSync(join(tmpdir(), 'serve-redis-'));
let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis([['appendonly', 'yes']]);
});
afterAll(async () => {
  endPrograms();
  await redis?.stop();
  rmSync(folder, { recursive: true });
});

it('serves on while its store is away, and says once that it is away and that it is back', async () => {
  const file = join(folder, 'snapscrape.yml');
  writeFileSync(file, `storage: { url: '${redis.url}' }\n`);
  const flags = ['--web.listen-address=127.0.0.1:0', '--web.enable-push-api'];
  const program = startProgram(['serve', `--config.file=${file}`, ...flags]);
  const [url] = await listening(program);
  const push = async (job: string): Promise<number> => {
    const init = { method: 'PUT', body: 'a 1\n', headers: { connection: 'close' } };
    return (await fetch(`${url}/metrics/job/${job}`, init)).status;
  };
  const page = async (): Promise<string> =>
    (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
  const said = (msg: string): readonly string[] =>
    program.said.error.split('\n').filter((line) => line.includes(`msg="${msg}"`));

  expect(await push('first')).toBe(200);
  expect(await page()).toContain('a{job="first"} 1\n');
  const load = new Load(`${url}/metrics`, 2);
  await load.more(10);

  redis.signal('SIGTERM');
  await until('the store is away', () => said('Store away').length > 0);
  expect(await push('second')).toBe(503);
  expect(await page()).toContain('a{job="first"} 1\n');
  writeFileSync(file, 'storage: { url: x }\n');
  await until(
    'it is not reloaded',
    () => said('Reload failed; the configuration before stays in force').length > 0,
  );
  await load.more(10);
  await redis.restart();
  await until('the store is back', () => said('Store back').length > 0);
  await until('it takes pushes', () => true);
  let status = 0;
  for (let at = 0; at < 100 && status !== 200; at++) status = await push('third');
  expect(await page()).toContain('a{job="third"} 1\n');
  await load.more(10);
  expect(load.failures).toEqual([]);
  expect([said('Store away'), said('Store back')]).toEqual([
    [expect.stringMatching(/level=ERROR component=storage .*url=redis:.*err=/)],
    [expect.stringMatching(/level=INFO component=storage .*url=redis:.*after=\d/)],
  ]);

  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(0);
  await load.stop();
  expect(load.failures.filter((failure) => failure !== 'ECONNREFUSED')).toEqual([]);

  // What it kept goes to another store, and back.
  const dump = startProgram(['dump', `--storage.url=${redis.url}`]);
  dump.child.stdin!.end();
  expect(await dump.ended, dump.said.error).toBe(0);
  const copy = `--storage.url=lmdb:${folder}/copy`;
  const into = startProgram(['load', copy]);
  into.child.stdin!.end(dump.said.out);
  expect(await into.ended, into.said.error).toBe(0);
  const again = startProgram(['dump', copy]);
  again.child.stdin!.end();
  await again.ended;
  const sorted = (text: string): readonly string[] =>
    Array.from(text.replaceAll(/[[\]{}]/g, ',')).toSorted();
  expect(sorted(again.said.out)).toEqual(sorted(dump.said.out));
});

it('starts while its store is away, refuses pushes until it is there, and serves the rest', async () => {
  const port = await freePort();
  const away = `redis://127.0.0.1:${port}`;
  const file = join(folder, 'away.yml');
  writeFileSync(join(folder, 'a.prom'), 'of_file 1\n');
  const source = '{ name: cron, textfile: { directory: . }, refresh_interval: 1s }';
  writeFileSync(file, `storage: { url: '${away}', retention: 1d }\nsources: [${source}]\n`);
  const flags = ['--web.listen-address=127.0.0.1:0', '--web.enable-push-api'];
  const program = startProgram(['serve', `--config.file=${file}`, ...flags]);
  const [url] = await listening(program);
  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(url + path, { ...init, headers: { connection: 'close' } });
    return { response, text: await response.text() };
  };
  const push = () => get('/metrics/job/j', { method: 'PUT', body: 'a 1\n' });

  const refused = await Promise.all([push(), push(), push(), push()]);
  for (const { response, text } of refused) {
    expect([response.status, response.headers.get('retry-after'), text]).toEqual([
      503,
      '1',
      'The store cannot be reached; push again later. The log says why.\n',
    ]);
  }
  expect((await get('/api/v1/metrics')).response.status).toBe(503);
  const { text: without } = await get('/metrics');
  expect(without).toContain('of_file 1\n');
  expect(without).toContain('snapscrape_push_refused_total{reason="storage"} 4\n');
  expect(without).toContain(
    'snapscrape_push_requests_total{handler="push",method="PUT",code="503"} 4\n',
  );
  expect((await get('/-/ready')).response.status).toBe(200);

  const late = await startRedis([['port', `${port}`]]);
  try {
    await until('the store is back', () => program.said.error.includes('msg="Store back"'));
    expect((await push()).response.status).toBe(200);
    expect((await get('/metrics')).text).toMatch(/^a\{job="j"\} 1$/m);
    const lines = program.said.error.trimEnd().split('\n');
    const said = lines.map((line) => /level=(?:WARN|ERROR)|msg="Store .*?"/.exec(line)?.[0]);
    expect(said.filter((word) => word !== undefined)).toEqual(['level=ERROR', 'msg="Store back"']);
    expect(lines.filter((line) => line.includes('msg="Store away"'))).toHaveLength(1);
  } finally {
    program.child.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    await late.stop();
  }
});

it('logs why pushes are refused while its store is read but takes no write', async () => {
  const server = await startRedis();
  const flags = [`--storage.url=${server.url}`, '--web.listen-address=127.0.0.1:0'];
  const program = startProgram(['serve', ...flags, '--web.enable-push-api']);
  const [url] = await listening(program);
  const push = async (): Promise<number> =>
    (await fetch(`${url}/metrics/job/j`, { method: 'PUT', body: 'a 1\n' })).status;
  try {
    server.cli('CONFIG', 'SET', 'min-replicas-to-write', '1');
    for (let at = 0; at < 3; at++) expect(await push()).toBe(503);
    await until('it is logged', () => program.said.error.includes('NOREPLICAS'));
    server.cli('CONFIG', 'SET', 'min-replicas-to-write', '0');
    expect(await push()).toBe(200);
    await until('it is over', () => program.said.error.includes('written again'));
    const lines = program.said.error.split('\n').filter((line) => /Store|failed/.test(line));
    expect(lines).toEqual([
      expect.stringContaining('msg="Store opened"'),
      expect.stringMatching(/level=ERROR component=storage msg="Store cannot be written" .*NOREPL/),
      expect.stringMatching(/level=INFO .*msg="Store can be written again" suppressed=2/),
    ]);
  } finally {
    program.child.kill('SIGTERM');
    await program.ended;
    await server.stop();
  }
});

it('logs that series cannot be ended while its store takes no write', async () => {
  const server = await startRedis([['min-replicas-to-write', '1']]);
  const flags = [`--storage.url=${server.url}`, '--web.listen-address=127.0.0.1:0'];
  const program = startProgram(['serve', ...flags, '--storage.retention=1d']);
  try {
    await listening(program);
    expect(program.said.error).toMatch(/level=ERROR component=storage msg="Store failed" .*NOREPL/);
  } finally {
    program.child.kill('SIGTERM');
    await program.ended;
    await server.stop();
  }
});

it('reads the groups again if its store was away, which may have come back without them', async () => {
  const server = await startRedis();
  const flags = [`--storage.url=${server.url}`, '--web.listen-address=127.0.0.1:0'];
  const program = startProgram(['serve', ...flags, '--web.enable-push-api']);
  const [url] = await listening(program);
  const push = async (job: string, type: string): Promise<number> => {
    const init = { method: 'PUT', body: `# TYPE a ${type}\na 1\n` };
    return (await fetch(`${url}/metrics/job/${job}`, init)).status;
  };
  try {
    expect(await push('lost', 'gauge')).toBe(200);
    server.signal('SIGKILL');
    expect(await push('x', 'gauge')).toBe(503);
    await server.restart();
    let status = 503;
    for (let at = 0; at < 100 && status === 503; at++) status = await push('j', 'counter');
    expect(status).toBe(200);
    const { data } = (await (await fetch(`${url}/api/v1/metrics`)).json()) as {
      data: readonly { labels: object }[];
    };
    expect(data.map(({ labels }) => labels)).toEqual([{ job: 'j' }]);
  } finally {
    program.child.kill('SIGTERM');
    await program.ended;
    await server.stop();
  }
});
