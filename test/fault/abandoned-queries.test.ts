import { connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type SnapshotPoint,
} from '../../src/index.ts';
import { LabelColumns } from '../../src/model/key/index.ts';
import { listening } from '../support/serving.ts';
import { turns, until } from '../support/until.ts';

const SERIES = 100_000;

/** A query that asks each line a hundred things. */
const SLOW = Array.from({ length: 12 }, (_, i) => {
  const matchers = Array.from({ length: 9 }, (_, j) => `org!="x${i * 9 + j}"`);
  return `match[]=${encodeURIComponent(`{${matchers.join(',')},zone!=""}`)}`;
}).join('&');

function* points(): Generator<SnapshotPoint> {
  for (let i = 0; i < SERIES; i++) {
    yield { name: 'many', labels: { org: `o${i % 7}`, user: `u${i}` }, value: i, updatedAt: 1 };
  }
}

describe('clients that ask for something long and leave', () => {
  it('give back their places and the processor', async () => {
    const reader = createCachedSnapshotReader({ snapshot: points }, { refreshInterval: 1e9 });
    await reader.refresh();
    const reported: unknown[] = [];
    const handler = createOpenMetricsHandler(reader, {
      maxRequestsInFlight: 64,
      onError: (error) => void reported.push(error),
    });
    let open = 0;
    const { port } = await listening((request, response) => {
      open++;
      response.once('close', () => open--);
      handler(request, response);
    });
    const page = async (): Promise<number> =>
      (await fetch(`http://127.0.0.1:${port}/?name[]=none`)).status;
    expect(await page()).toBe(200);
    const reads = vi.spyOn(LabelColumns.prototype, 'read');
    onTestFinished(() => {
      reads.mockRestore();
    });
    const sockets = Array.from({ length: 64 }, () => {
      const socket = connect(port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      socket.write(`GET /?${SLOW} HTTP/1.1\r\nHost: a\r\n\r\n`);
      return socket.resume();
    });
    await until('all have asked and one is served', () => {
      return open === 64 && reads.mock.calls.length > 100;
    });
    expect(await page()).toBe(503);
    for (const socket of sockets) socket.destroy();
    await until('all have gone', () => open === 0);
    await turns(100);
    const { length } = reads.mock.calls;
    // 64 of them would read this many lines each.
    expect(length).toBeLessThan(SERIES);
    expect(await page()).toBe(200);
    await turns(100);
    expect(reads.mock.calls.length).toBe(length);
    expect(reported).toEqual([]);
  });
});
