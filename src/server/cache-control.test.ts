import bcrypt from 'bcryptjs';
import { expect, test } from 'vitest';
import { startExporter, webConfig } from '../../test/support/exporter.ts';
import { never } from '../../test/support/scripted-source.ts';
import { createCachedSnapshotReader, createOpenMetricsHandler } from '../index.ts';
import { createHealthHandler } from './health.ts';

const HASH = bcrypt.hashSync('open sesame', 4);
const POINT = { name: 'jobs', labels: { team: 'a' }, value: 1, updatedAt: 1 };

const good = () => createCachedSnapshotReader({ snapshot: () => [POINT] });
const hanging = () => createCachedSnapshotReader({ snapshot: never });

test('no response of a server may be kept by a cache, whatever its status', async () => {
  const open = await startExporter(good(), { views: [{ path: '/view', match: '{team="a"}' }] });
  const starting = await startExporter(hanging(), { handler: { scrapeTimeout: 1 } });
  const users = webConfig(`basic_auth_users: { ann: '${HASH}' }\n`);
  const guarded = await startExporter(good(), { webConfigFile: users });
  const rate = webConfig('rate_limit: { interval: 1h, burst: 1 }\n');
  const limited = await startExporter(good(), { webConfigFile: rate });
  await fetch(`${limited.url}/metrics`);
  const asked: readonly [string, string, number, RequestInit?][] = [
    [open.url, '/metrics', 200],
    [open.url, '/metrics', 200, { method: 'HEAD' }],
    [open.url, '/metrics?shard=9/4', 400],
    [open.url, '/metrics', 405, { method: 'PUT' }],
    [open.url, `/metrics?${'x'.repeat(15_000)}`, 200],
    [open.url, '/view', 200],
    [open.url, '/', 200],
    [open.url, '/', 405, { method: 'POST' }],
    [open.url, '/-/healthy', 200],
    [open.url, '/-/ready', 200],
    [open.url, '/nothing', 404],
    [open.url, '/metrics', 431, { headers: { 'x-long': 'x'.repeat(17_000) } }],
    [starting.url, '/metrics', 503],
    [starting.url, '/-/ready', 503],
    [guarded.url, '/metrics', 401],
    [limited.url, '/metrics', 429],
  ];
  for (const [url, path, status, init] of asked) {
    const { status: got, headers } = await fetch(`${url}${path}`, init);
    expect([path, got, headers.get('cache-control')]).toEqual([path, status, 'no-store']);
  }
});

test('nor one of the handlers through fetch', async () => {
  const handler = createOpenMetricsHandler(good());
  const waiting = createOpenMetricsHandler(hanging(), { scrapeTimeout: 1 });
  const health = createHealthHandler(good());
  const asked: readonly [typeof handler | typeof health, string, number, RequestInit?][] = [
    [handler, '/', 200],
    [handler, '/', 405, { method: 'POST' }],
    [handler, '/?match[]={', 400],
    [handler, `/?${'x'.repeat(70_000)}`, 414],
    [waiting, '/', 503],
    [health, '/healthy', 200],
    [health, '/ready', 503],
    [health, '/none', 404],
  ];
  for (const [served, path, status, init] of asked) {
    const { status: got, headers } = await served.fetch(new Request(`http://a${path}`, init));
    expect([path, got, headers.get('cache-control')]).toEqual([path, status, 'no-store']);
  }
});

test('the health handler serves relative URLs and odd methods through fetch', async () => {
  const health = createHealthHandler(good());
  const statusOf = async (request: unknown): Promise<number> =>
    (await health.fetch(request as Request)).status;
  expect(await statusOf({ url: '/-/healthy', method: 'GET' })).toBe(200);
  expect(await statusOf({ url: '/-/healthy' })).toBe(200);
  expect(await statusOf({ url: '/-/healthy', method: 'delete' })).toBe(405);
  for (const odd of [undefined, null, {}, 1]) expect(await statusOf(odd)).toBe(404);
});
