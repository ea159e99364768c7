import { createServer, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { close, createRoutes, listen } from './server.ts';

async function serve(metrics: () => RequestListener | undefined): Promise<[Server, string]> {
  const server = createServer(createRoutes(metrics));
  const url = await listen(server, { host: '127.0.0.1', port: 0 });
  onTestFinished(() => void server.close());
  return [server, url];
}

test('every path has its answer', async () => {
  const [, url] = await serve(() => (request, response) => {
    response.end(`${request.method} ${request.url}`);
  });
  const page = await fetch(`${url}/`);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(await page.text()).toContain('href="/metrics"');
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
  expect((await fetch(`${url}/metrics/`)).status).toBe(404);
  expect((await fetch(`${url}/etc/passwd`)).status).toBe(404);
  // What may be done with /metrics is the handler's business.
  expect(await (await fetch(`${url}/metrics?a=b`)).text()).toBe('GET /metrics?a=b');
  expect(await (await fetch(`${url}/metrics`, { method: 'POST' })).text()).toBe('POST /metrics');
  const post = await fetch(`${url}/`, { method: 'POST' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  const head = await fetch(`${url}/`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('a scrape before the first collection is complete gets 503, and the server is healthy', async () => {
  let handler: RequestListener | undefined;
  const [, url] = await serve(() => handler);
  const early = await fetch(`${url}/metrics`);
  expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
  handler = (_, response) => response.end('ready');
  expect((await fetch(`${url}/metrics`)).status).toBe(200);
});

test.each([
  [undefined, /^http:\/\/localhost:\d+$/],
  ['0.0.0.0', /^http:\/\/localhost:\d+$/],
  ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/],
])('the URL for the host %s can be fetched', async (host, expected) => {
  const server = createServer(createRoutes(() => undefined));
  const url = await listen(server, { host, port: 0 });
  onTestFinished(() => void server.close());
  expect(url).toMatch(expected);
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
});

test('an address that is taken or wrong is refused with the remedy', async () => {
  const [, url] = await serve(() => undefined);
  const port = Number(new URL(url).port);
  await expect(listen(createServer(), { host: '127.0.0.1', port })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: the address is in use; choose another with --web.listen-address`,
  );
  await expect(listen(createServer(), { host: '192.0.2.1', port: 80 })).rejects.toThrow(
    /^cannot listen on 192\.0\.2\.1:80: listen EADDRNOTAVAIL.*; choose another/,
  );
});

test('a connection that never asks anything does not keep the server open', async () => {
  const [server, url] = await serve(() => undefined);
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.write('GET / HTTP/1.1\r\n');
  await new Promise((resolve) => server.once('connection', resolve));
  await close(server);
  await closed;
  expect(server.listening).toBe(false);
});
