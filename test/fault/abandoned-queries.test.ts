import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type SnapshotPoint,
} from '../../src/index.ts';
import { listening } from '../support/serving.ts';
import { until } from '../support/until.ts';

const SERIES = 300_000;

/** A query whose every line must be asked a hundred things. */
const SLOW = Array.from({ length: 12 }, (_, i) => {
  const matchers = Array.from({ length: 9 }, (_, j) => `org!="x${i * 9 + j}"`);
  return `match[]=${encodeURIComponent(`{${matchers.join(',')},zone!=""}`)}`;
}).join('&');

function* points(): Generator<SnapshotPoint> {
  for (let i = 0; i < SERIES; i++) {
    yield { name: 'many', labels: { org: `o${i % 7}`, user: `u${i}` }, value: i, updatedAt: 1 };
  }
}

describe('a client that asks for something long and leaves', () => {
  it('gives back its place and the processor', async () => {
    const reader = createCachedSnapshotReader({ snapshot: points }, { refreshInterval: 1e9 });
    await reader.refresh();
    const begun = performance.now();
    await createOpenMetricsHandler(reader).fetch(new Request(`http://exporter/?${SLOW}`));
    const whole = performance.now() - begun;
    const handler = createOpenMetricsHandler(reader, { maxRequestsInFlight: 2 });
    const { port } = await listening(handler);
    const page = async (): Promise<Response> => fetch(`http://127.0.0.1:${port}/?name[]=none`);
    expect((await page()).status).toBe(200);
    const sockets = [1, 2].map(() => {
      const socket = connect(port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      socket.write(`GET /?${SLOW} HTTP/1.1\r\nHost: a\r\n\r\n`);
      return socket;
    });
    let status = 0;
    const ask = (): void => {
      page().then(
        (response) => (status = response.status),
        () => undefined, // the server is closed at the end of the test
      );
    };
    await until('both are under way', () => {
      ask();
      return status === 503;
    });
    for (const socket of sockets) socket.destroy();
    const left = performance.now();
    await until('their places are free', () => {
      ask();
      return status === 200;
    });
    // Two of them would take twice as long as one.
    expect(performance.now() - left).toBeLessThan(whole / 2);
  });
});
