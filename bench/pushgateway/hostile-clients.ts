import { connect, type Socket } from 'node:net';
import { createGzip } from 'node:zlib';
import type { PushClients } from './push-client.ts';

const MIB = 2 ** 20;

/** A label's value of so many MiB, as a compressed push of some hundred KiB. */
export async function gzipBomb(mib: number): Promise<Buffer> {
  const gzip = createGzip();
  const parts: Buffer[] = [];
  const done = new Promise<void>((ended) => gzip.on('end', ended));
  gzip.on('data', (part: Buffer) => parts.push(part));
  gzip.write('bomb{l="');
  const filling = Buffer.alloc(MIB, 'x');
  for (let at = 0; at < mib; at++) {
    if (!gzip.write(filling)) await new Promise((drained) => gzip.once('drain', drained));
  }
  gzip.end('"} 1\n');
  await done;
  return Buffer.concat(parts);
}

/** Throws bombs, one after the other; returns the last status. */
export async function throwBombs(
  clients: PushClients,
  bomb: Buffer,
  times: number,
): Promise<number> {
  let status = 0;
  for (let at = 0; at < times; at++) {
    const headers = { 'Content-Encoding': 'gzip' };
    status = (await clients.send('PUT', '/metrics/job/bomb', { body: bomb, headers })).status;
  }
  return status;
}

/** Sends a body without an end until it is refused, or has so many MiB; returns how many it took. */
export async function endlessBody(port: number, mostMib: number): Promise<number> {
  const socket = await opened(port);
  socket.write(
    `PUT /metrics/job/endless HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const line = Buffer.alloc(MIB, 'x');
  line.write('endless{l="');
  let isOver = false;
  socket.on('data', () => {
    isOver = true;
  });
  socket.on('close', () => {
    isOver = true;
  });
  let sent = 0;
  while (!isOver && sent < mostMib) {
    socket.write(`${MIB.toString(16)}\r\n`);
    socket.write(line);
    const flows = socket.write('\r\n');
    sent++;
    if (flows || isOver) continue;
    await new Promise<void>((next) => {
      socket
        .once('drain', next)
        .once('close', next)
        .once('data', () => next());
    });
  }
  socket.destroy();
  return sent;
}

/** Opens connections that send half of a body and then nothing, while something else happens. */
export async function besideSlowPushers<T>(
  port: number,
  count: number,
  run: () => Promise<T>,
): Promise<T> {
  const sockets = await Promise.all(Array.from({ length: count }, () => opened(port)));
  const half = Buffer.alloc(64 * 1024, '#');
  for (const [at, socket] of sockets.entries()) {
    const head = `PUT /metrics/job/slow/instance/${at} HTTP/1.1\r\nHost: a\r\n`;
    socket.write(`${head}Content-Length: ${2 * half.length}\r\n\r\n`);
    await new Promise((written) => socket.write(half, written));
  }
  try {
    return await run();
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  await new Promise<void>((connected) => socket.once('connect', connected));
  return socket;
}
