import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { plainResponse, sendResponse } from './short-response.ts';

it('cuts a client off that does not read its short response within ten seconds', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const server = http2.createServer((request, response) => {
    sendResponse(request, response, plainResponse(200, 'Healthy.\n'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  // A client that takes heads, but never a byte of a body.
  const session = http2.connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  const stream = session.request({ ':path': '/' }).resume();
  stream.on('error', () => undefined);
  const closed = new Promise((resolve) => stream.once('close', resolve));
  await once(stream, 'response');
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(9999);
  await new Promise((resolve) => session.ping(resolve));
  expect(stream.closed).toBe(false);
  vi.advanceTimersByTime(1);
  await closed;
  expect(stream.rstCode).toBe(http2.constants.NGHTTP2_INTERNAL_ERROR);
});
