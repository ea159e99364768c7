import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { compare } from './measure.ts';

// What it pays to join a page's compressed pieces before it is written to sockets.
const pieces = Array.from({ length: 1300 }, (_, i) => Buffer.alloc(5400, i));
const joined = Array.from({ length: 26 }, (_, i) =>
  Buffer.concat(pieces.slice(i * 50, i * 50 + 50)),
);
let parts: readonly Buffer[] = pieces;
const server = createServer((_, response) => {
  response.writeHead(200, { 'Content-Length': 1300 * 5400 });
  for (const part of parts) response.write(part);
  response.end();
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const { port } = server.address() as AddressInfo;

function scrape(body: readonly Buffer[]): Promise<void> {
  parts = body;
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1' }, (response) => response.resume().once('end', resolve));
  });
}

// The client's share of the time is in both.
await compare('a page of 7 MB over loopback', {
  '1 300 pieces': () => scrape(pieces),
  '26 parts': () => scrape(joined),
});
server.close();
