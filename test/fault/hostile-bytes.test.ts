import { connect as connectHttp2 } from 'node:http2';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { MemoryStore, type SnapscrapeError } from '../../src/index.ts';
import { OpenConnections } from '../../src/server/open-connections.ts';
import { TLS } from '../http/transports.ts';
import { startExporter, TLS_CONFIG, webConfig } from '../support/exporter.ts';
import { keptConnection, SPEECHES, type Speech } from '../support/kept-connection.ts';
import { type RawTarget, rawAnswer, rawConnection } from '../support/raw-client.ts';

const HTTP1_ALONE = `${TLS_CONFIG}http_server_config: { http2: false }\n`;

/** Every kind of server, by how it is configured and how a raw client reaches it. */
const KINDS: readonly [string, string | undefined, 'http/1.1' | undefined][] = [
  ['plain HTTP', undefined, undefined],
  ['HTTPS', HTTP1_ALONE, 'http/1.1'],
  ['HTTPS with HTTP/2', TLS_CONFIG, 'http/1.1'],
];

async function exporter(config: string | undefined) {
  const errors: SnapscrapeError[] = [];
  const running = await startExporter(new MemoryStore(), {
    webConfigFile: config && webConfig(config),
    onError: (error) => errors.push(error),
  });
  return { ...running, errors };
}

const CLOSE = 'Connection: close\r\n\r\n';

/** Heads, and the statuses of their answers. */
const HEADS: readonly [string, number][] = [
  ['GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505],
  ['GET /\r\n\r\n', 505],
  ['GET / HTTP/0.9\r\nHost: x\r\n\r\n', 505],
  ['GET /metrics HTTP/3.0\r\nHost: x\r\n\r\n', 400],
  ['GET / HTTP/1.9\r\nHost: x\r\n\r\n', 400],
  ['GET / HTTP/9.9\r\nHost: x\r\n\r\n', 400],
  [`GET /metrics HTTP/1.1\r\n${CLOSE}`, 400],
  ['GET /metrics HTTP/1.0\r\n\r\n', 200],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ['CONNECT a:443 HTTP/2.0\r\nHost: a\r\n\r\n', 405],
  [`GET /metrics HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n${CLOSE}`, 200],
  ['GET / HTTP/2.0\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n', 505],
  [`GET /metrics HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\n${CLOSE}`, 417],
  [`POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n${CLOSE}abcde`, 405],
  ['GET / HTTP/2.0\r\nHost: x\r\nExpect: 100-continue\r\n\r\n', 505],
  [`OPTIONS * HTTP/1.1\r\nHost: x\r\n${CLOSE}`, 404],
  [`GET //[::1 HTTP/1.1\r\nHost: x\r\n${CLOSE}`, 404],
  [`GET /%00%ff?%ff HTTP/1.1\r\nHost: \r\n${CLOSE}`, 404],
  ['\x16\x03\x01\x02\x00\x01\x00', 400],
  ['GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
];

describe.each(KINDS)('a server of %s', (_kind, config, protocol) => {
  it('answers any head itself, and lets no cache keep the answer', async () => {
    const { port, server, errors } = await exporter(config);
    const target: RawTarget = { port, protocol };
    for (const [head, status] of HEADS) {
      const answer = await rawAnswer(target, head);
      const last = answer.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
      expect(last, head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(last.toLowerCase(), head).toContain('\r\ncache-control: no-store\r\n');
    }
    expect([server.readiness(), errors]).toEqual(['ready', []]);
  });

  it('answers what came before bytes that are no request', async () => {
    const { port } = await exporter(config);
    const good = 'GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n';
    const answers = await rawAnswer({ port, protocol }, `${good.repeat(3)}GET / HTTP/2.0\r\n\r\n`);
    expect(answers.match(/^HTTP\/1\.1 \d+/gm)).toEqual([
      'HTTP/1.1 200',
      'HTTP/1.1 200',
      'HTTP/1.1 200',
      'HTTP/1.1 505',
    ]);
  });
});

describe('a session of HTTP/2', () => {
  /** The status of a request, or the error of its stream. */
  function asked(port: number, headers: Record<string, string>): Promise<number | string> {
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: TLS.cert });
    onTestFinished(() => session.destroy());
    session.on('error', () => undefined);
    return new Promise((resolve) => {
      const stream = session.request(headers);
      stream.on('response', ({ ':status': status, 'cache-control': cache }) => {
        resolve(cache === 'no-store' ? Number(status) : `${status} may be kept`);
      });
      stream.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
      stream.resume().end();
    });
  }

  it('answers odd requests as others', async () => {
    const { port, errors } = await exporter(TLS_CONFIG);
    expect(await asked(port, { ':method': 'CONNECT', ':authority': 'a:443' })).toBe(405);
    expect(await asked(port, { ':path': '/metrics', expect: 'x' })).toBe(417);
    expect(await asked(port, { ':path': '/metrics', expect: '100-continue' })).toBe(200);
    expect(await asked(port, { ':method': 'OPTIONS', ':path': '*' })).toBe(404);
    expect(await asked(port, { ':method': 'POST', ':path': '/metrics' })).toBe(405);
    expect(await asked(port, { ':path': '/x', 'x-long': 'x'.repeat(20_000) })).toBe(431);
    expect(errors).toEqual([]);
  });
});

describe('what a listener throws', () => {
  const ASKS: Readonly<Record<Speech, (port: number) => Promise<unknown>>> = {
    'HTTP/1.1': (port) => keptConnection(port, 'HTTP/1.1').ask('/-/healthy'),
    'HTTP/1.1 and TLS': (port) => keptConnection(port, 'HTTP/1.1 and TLS').ask('/-/healthy'),
    'HTTP/2': (port) => keptConnection(port, 'HTTP/2').ask('/-/healthy'),
  };

  it.each(SPEECHES)('cuts the request, is counted and reported, over %s', async (speech) => {
    const running = await exporter(speech === 'HTTP/1.1' ? undefined : TLS_CONFIG);
    const { port, errors } = running;
    const broken = vi.spyOn(OpenConnections.prototype, 'begin').mockImplementationOnce(() => {
      throw new TypeError('broken');
    });
    onTestFinished(() => broken.mockRestore());
    await expect(ASKS[speech](port)).rejects.toThrow();
    expect(errors.map(({ code, cause }) => [code, String(cause)])).toEqual([
      ['connection_failed', 'TypeError: broken'],
    ]);
    const [status, page] = await keptConnection(port, speech).ask('/metrics');
    expect(status).toBe(200);
    expect(page).toContain('snapscrape_connection_faults_total 1\n');
  });

  it.each(['connection', 'secureConnection', 'session', 'clientError', 'stream', 'request'])(
    'of %s does not leave the server',
    async (event) => {
      const { ConnectionErrors } = await import('../../src/server/surviving-server.ts');
      const { createNodeServer } = await import('../../src/server/node-server.ts');
      const { SERVER_DEFAULTS } = await import('../../src/server/server-options.ts');
      const reported: string[] = [];
      const errors = new ConnectionErrors(({ code }) => reported.push(code));
      const server = await createNodeServer(undefined, SERVER_DEFAULTS, () => undefined);
      errors.survive(server);
      server.on(event, () => {
        throw new Error('broken');
      });
      const cut = vi.fn<() => void>();
      expect(server.emit(event, new Error('bytes'), { destroy: cut })).toBe(true);
      expect([cut.mock.calls.length > 0, reported]).toEqual([true, ['connection_failed']]);
    },
  );
});

it('invalid frames of HTTP/2 end their session alone', async () => {
  const { port, server } = await exporter(TLS_CONFIG);
  const target: RawTarget = { port, protocol: 'h2' };
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const frame = (type: number, flags: number, id: number, payload: Buffer): Buffer => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(id, 5);
    return Buffer.concat([head, payload]);
  };
  const settings = frame(4, 0, 0, Buffer.alloc(0));
  const odd = [
    frame(1, 5, 1, Buffer.alloc(10, 0xff)),
    frame(0, 0, 1, Buffer.alloc(3)),
    frame(2, 0, 0, Buffer.alloc(5)),
    frame(3, 0, 7, Buffer.alloc(4)),
    frame(4, 0, 0, Buffer.alloc(5)),
    frame(5, 4, 2, Buffer.alloc(9)),
    frame(7, 0, 0, Buffer.alloc(8)),
    frame(8, 0, 0, Buffer.alloc(4)),
    frame(9, 4, 1, Buffer.alloc(0)),
    frame(1, 5, 2, Buffer.from([0x82, 0x87, 0x84])),
    frame(1, 5, 1, Buffer.from([0x82, 0x87, 0x84, 0x03])),
  ];
  for (const bytes of odd) {
    const session = await rawConnection(target);
    session.write(Buffer.concat([preface, settings, bytes]));
    expect((await keptConnection(port, 'HTTP/2').ask('/-/healthy'))[0]).toBe(200);
  }
  expect(server.readiness()).toBe('ready');
});
