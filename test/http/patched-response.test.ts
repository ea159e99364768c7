import { createServer } from 'node:http';
import { createGzip } from 'node:zlib';
import { expect, it } from 'vitest';
import { createCachedSnapshotReader, createOpenMetricsHandler } from '../../src/index.ts';
import { ScriptedSource, statePage } from '../support/scripted-source.ts';
import { listening } from './transports.ts';

// As `compression` of Express does it: `write` and `end` take parts of the body alone, and
// callbacks are parts of it to them.
it('a response whose methods were replaced by middleware that compresses is served whole', async () => {
  const reader = createCachedSnapshotReader(new ScriptedSource());
  const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
  const port = await listening(
    createServer((request, response) => {
      const gzip = createGzip();
      const [write, end] = [response.write.bind(response), response.end.bind(response)];
      response.setHeader('X-Coding', 'gzip');
      response.write = (part: unknown) => gzip.write(part);
      response.end = ((part?: unknown) => {
        if (part !== undefined) gzip.write(part);
        gzip.end();
        return response;
      }) as typeof response.end;
      gzip.on('data', (part: Buffer) => void write(part)).on('end', () => void end());
      const writeHead = response.writeHead.bind(response);
      response.writeHead = (status: number) => {
        response.removeHeader('Content-Length');
        return writeHead(status);
      };
      handler(request, response);
    }),
  );
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { 'accept-encoding': 'identity' },
  });
  const body = new Response(response.body?.pipeThrough(new DecompressionStream('gzip')));
  expect(await body.text()).toBe(statePage(1));
});
