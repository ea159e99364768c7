import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SnapshotPoint } from '../../src/index.ts';
import { createCachedSnapshotReader, createOpenMetricsHandler } from '../../src/index.ts';
import { manyPoints } from '../support/many-points.ts';
import { listening } from '../support/serving.ts';
import { until } from '../support/until.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const CLIENTS = 50;
const REFRESHES = 20;
/** More than the kernel takes off a server's hands. */
const SERIES = 20_000;
const GET = 'GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n';

/** A source whose points change by a rule from refresh to refresh, served over a real socket. */
async function served(change: (points: SnapshotPoint[], refresh: number) => void) {
  const points = manyPoints(SERIES, 500);
  const reader = createCachedSnapshotReader({ snapshot: () => points }, { refreshInterval: 1e9 });
  const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
  const responses: ServerResponse[] = [];
  const { port } = await listening((req: IncomingMessage, res: ServerResponse) => {
    responses.push(res);
    handler(req, res);
  });
  await reader.refresh();
  const refresh = async (time: number): Promise<void> => {
    change(points, time);
    await reader.refresh();
  };
  return { port, responses, refresh, pageBytes: reader.cacheStats().bytes };
}

/** A client that asks for a page, reads nothing of it, and stays. */
async function stalled(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.pause();
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.write(GET);
  return socket;
}

/** What buffers hold, in bytes, once nothing is garbage any more. */
async function heldBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().arrayBuffers;
}

/** What is held beyond the first snapshot while all clients stall, and when they are gone. */
async function heldBySlowScrapes(subject: Awaited<ReturnType<typeof served>>) {
  const { port, responses, refresh } = subject;
  const before = await heldBytes();
  const sockets: Socket[] = [];
  for (let time = 1; time <= REFRESHES; time++) {
    while (sockets.length < (CLIENTS * time) / REFRESHES) sockets.push(await stalled(port));
    const begun = (response: ServerResponse): boolean => response.writableLength > 0;
    await until('all scrapes have begun', () => responses.filter(begun).length === sockets.length);
    await refresh(time);
  }
  const during = (await heldBytes()) - before;
  expect(responses.some(({ writableFinished }) => writableFinished)).toBe(false);
  for (const socket of sockets) socket.destroy();
  await until('the server notices', () => responses.every(({ destroyed }) => destroyed));
  responses.length = 0;
  // V8 frees the memory of buffers in its own time, later on a busy machine.
  let after = (await heldBytes()) - before;
  for (let i = 0; i < 200 && after > subject.pageBytes / 2; i++) {
    await setTimeout(10);
    after = (await heldBytes()) - before;
  }
  return { during, after };
}

describe(`${CLIENTS} clients that read nothing during ${REFRESHES} refreshes`, () => {
  it('hold no more than the snapshots they began with, and nothing once they are gone', async () => {
    const subject = await served((points, time) => {
      points.forEach((point, i) => {
        points[i] = { ...point, value: (point.value as number) + time };
      });
    });
    const { during, after } = await heldBySlowScrapes(subject);
    // Lines, their index (24 bytes of some 500), and a window of references.
    expect(during).toBeGreaterThan(subject.pageBytes * (REFRESHES / 2));
    expect(during).toBeLessThan(subject.pageBytes * REFRESHES * 1.2);
    expect(after).toBeLessThan(subject.pageBytes * 0.5);
  });

  it('hold what changed, where a refresh changed little', async () => {
    const subject = await served((points, time) => {
      points[time] = { ...points[time]!, value: -time };
    });
    const { during, after } = await heldBySlowScrapes(subject);
    // One chunk anew for each refresh, not a page.
    expect(during).toBeLessThan(REFRESHES * 2 * 96 * 1024);
    expect(after).toBeLessThan(1024 * 1024);
  });
});
