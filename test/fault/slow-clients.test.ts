import { once } from 'node:events';
import http2 from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ExporterServerOptions } from '../../src/server/index.ts';
import { TLS } from '../http/transports.ts';
import { type RunningExporter, startExporter, TLS_CONFIG, webConfig } from '../support/exporter.ts';
import { keptConnection, SPEECHES, type Speech } from '../support/kept-connection.ts';
import { ScriptedSource } from '../support/scripted-source.ts';

/** How long a client may take here, in ms; far less than what a test may take. */
const PATIENCE = 300;

/**
 * What HTTP/2 begins with, an empty frame of settings, and the first bytes of a frame of headers.
 */
const HTTP2_BEGINNING = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
  Buffer.from([0, 0x10, 0, 1, 0, 0, 0, 0, 1]),
]);

function exporter(speech: Speech, options: ExporterServerOptions = {}): Promise<RunningExporter> {
  const tls = speech === 'HTTP/1.1' ? {} : { webConfigFile: webConfig(TLS_CONFIG) };
  return startExporter(new ScriptedSource(), { ...tls, ...options });
}

/** A connection. On a busy machine the server may cut one in the middle of the handshake. */
async function opened(port: number, speech: Speech): Promise<Socket> {
  const ALPNProtocols = [speech === 'HTTP/2' ? 'h2' : 'http/1.1'];
  for (;;) {
    const socket =
      speech === 'HTTP/1.1'
        ? connect(port, '127.0.0.1')
        : connectTls({ host: '127.0.0.1', port, ca: TLS.cert, ALPNProtocols });
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    const ready = once(socket, speech === 'HTTP/1.1' ? 'connect' : 'secureConnect');
    if (await ready.then(() => true).catch(() => false)) return socket;
  }
}

/** Sends a byte now and then, which is never silent and never done, until it is sent away. */
async function trickle(socket: Socket, beginning: string | Buffer, more = 'a'): Promise<string> {
  let answer = '';
  socket.setEncoding('latin1').on('data', (part: string) => (answer += part));
  // Not by `once` of node:events, which rejects for the reset of one that is cut while it sends.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(beginning);
  const timer = setInterval(() => void socket.write(more), 20);
  await closed;
  clearInterval(timer);
  return answer;
}

/**
 * Asks until the answer is another than that the request came too late, as it may on a busy
 * machine.
 */
async function inTime(ask: () => Promise<string>): Promise<string> {
  for (;;) {
    const answer = await ask();
    if (answer !== '' && !answer.startsWith('HTTP/1.1 408 ')) return answer;
  }
}

describe.each(SPEECHES)('an exporter, over %s', (speech) => {
  it('sends away a client that never ends the head of a request, and serves others meanwhile', async () => {
    const { port } = await exporter(speech, { headersTimeout: PATIENCE });
    const beginning = speech === 'HTTP/2' ? HTTP2_BEGINNING : 'GET /metrics HTTP/1.1\r\nX: ';
    // Each begins at once: the server may send the first away before the last is connected.
    const slow = Promise.all(
      Array.from({ length: 30 }, async () => trickle(await opened(port, speech), beginning)),
    );
    const page = await inTime(async () => {
      const asked = keptConnection(port, speech).ask('/metrics');
      return asked.then(([status]) => String(status)).catch(() => '');
    });
    expect(page).toBe('200');
    const answers = await slow;
    if (speech !== 'HTTP/2') {
      for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    }
  });

  it('sends away a client that is silent between two requests, or only sends pings', async () => {
    const { port } = await exporter(speech, { keepAliveTimeout: PATIENCE });
    if (speech !== 'HTTP/2') {
      const socket = await opened(port, speech);
      socket.resume().write('GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n');
      await once(socket, 'close');
      return;
    }
    const session = http2.connect(`https://127.0.0.1:${port}`, { ca: TLS.cert });
    onTestFinished(() => session.destroy());
    session.request({ ':path': '/-/healthy' }).resume();
    const timer = setInterval(() => session.closed || session.ping(() => undefined), 20);
    await once(session, 'close');
    clearInterval(timer);
  });

  it('rejects a head that is too long, the first one and a later one', async () => {
    const { port } = await exporter(speech, { maxHeaderSize: 1024 });
    const tooLong = `/metrics?${'a'.repeat(4096)}`;
    expect((await keptConnection(port, speech).ask(tooLong))[0]).toBe(431);
    const connection = keptConnection(port, speech);
    expect((await connection.ask('/-/healthy'))[0]).toBe(200);
    expect((await connection.ask(tooLong))[0]).toBe(431);
    expect((await keptConnection(port, speech).ask('/metrics'))[0]).toBe(200);
  });

  it('closes surplus connections at once, and keeps those it has', async () => {
    const { port } = await exporter(speech, { maxConnections: 2 });
    const kept = [keptConnection(port, speech), keptConnection(port, speech)];
    for (const one of kept) expect((await one.ask('/-/healthy'))[0]).toBe(200);
    await expect(keptConnection(port, speech).ask('/-/healthy')).rejects.toThrow();
    for (const one of kept) expect((await one.ask('/-/healthy'))[0]).toBe(200);
  });
});

// HTTP/2 has no lines.
describe.each(['HTTP/1.1', 'HTTP/1.1 and TLS'] as const)('an exporter, over %s', (speech) => {
  it('sends away a client that sends only empty lines between two requests', async () => {
    const limits = { keepAliveTimeout: PATIENCE, headersTimeout: PATIENCE };
    const { port } = await exporter(speech, limits);
    const request = 'GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n';
    const lines = async (head: string): Promise<string> =>
      trickle(await opened(port, speech), head, '\r\n');
    expect(await inTime(() => lines(request))).toMatch(/^HTTP\/1\.1 200 /);
    // One that is rejected for its head counts as well.
    const expecting = request.replace('\r\n', '\r\nExpect: nothing\r\n');
    expect(await inTime(() => lines(expecting))).toMatch(/^HTTP\/1\.1 417 /);
  });
});

describe('an exporter with TLS', () => {
  it('sends away a client that never ends the handshake', async () => {
    const { port } = await exporter('HTTP/2', { headersTimeout: PATIENCE });
    const socket = await opened(port, 'HTTP/1.1');
    socket.write('\x16\x03\x01');
    await once(socket, 'close');
    expect((await keptConnection(port, 'HTTP/2').ask('/metrics'))[0]).toBe(200);
  });
});
