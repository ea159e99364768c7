import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createCachedSnapshotReader, createOpenMetricsHandler } from '../../src/index.ts';
import { startExporter } from '../support/exporter.ts';
import { manyPoints } from '../support/many-points.ts';
import { rawConnection } from '../support/raw-client.ts';
import { listening } from '../support/serving.ts';

const CLIENTS = 250;
const GET = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n';

const reader = createCachedSnapshotReader({ snapshot: () => POINTS }, { refreshInterval: 1e9 });
const POINTS = manyPoints(300);

const SERVERS: Readonly<Record<string, () => Promise<number>>> = {
  'a bare handler': async () => (await listening(createOpenMetricsHandler(reader))).port,
  'an exporter': async () => (await startExporter(reader)).port,
};

describe.each(Object.keys(SERVERS))('%s', (kind) => {
  it('accepts the last of many clients although the others ask without a pause', async () => {
    await reader.refresh();
    const port = await SERVERS[kind]!();
    const waiting = new Set<Socket>();
    let answers = 0;
    await new Promise<void>((resolve) => {
      for (let i = 0; i < CLIENTS; i++) {
        void rawConnection({ port }).then((socket) => {
          waiting.add(socket);
          socket.write(GET);
          socket.on('data', (part: Buffer) => {
            if (!part.includes('HTTP/1.1 200 OK')) return;
            answers++;
            socket.write(GET);
            waiting.delete(socket);
            if (waiting.size === 0 && answers >= CLIENTS) resolve();
          });
        });
      }
    });
    // With one accepted for each round of answers it is a fifth of the square, else a thirtieth.
    expect(answers).toBeLessThan(CLIENTS ** 2 / 10);
  });
});
