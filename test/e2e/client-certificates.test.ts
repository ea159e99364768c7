import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { Agent, request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebConfigFile } from '../../src/web/web-config-file.ts';
import {
  type Certificate,
  hasOpenssl,
  makeAuthority,
  makeCertificate,
  makeShortCertificate,
  skipWithoutCommand,
} from '../support/certificates.ts';
import { askSecurely, type Speech, serveSecurely } from '../support/secure-serving.ts';
import { until } from '../support/until.ts';

const DAY = 86_400_000;
const NAMES = 'DNS:localhost,IP:127.0.0.1';
const SPEECHES: readonly Speech[] = ['HTTP/1.1', 'HTTP/2'];
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const EVERY = SPEECHES.flatMap((speech) => VERSIONS.map((version) => [speech, version] as const));
const VERIFY = 'client_auth_type: RequireAndVerifyClientCert';

const folder = mkdtempSync(join(tmpdir(), 'client-certificates-'));
let files = 0;
let root: Certificate;
let issuing: Certificate;
let client: Certificate;
/** The client's certificate with the one that signed it, as clients send them. */
let chained: Certificate;

beforeAll(() => {
  if (!hasOpenssl) return;
  root = makeAuthority(folder, 'root');
  issuing = makeAuthority(folder, 'issuing', root);
  client = makeCertificate(folder, 'client', 'DNS:scraper', issuing);
  chained = { ...client, cert: client.cert + issuing.cert };
  makeCertificate(folder, 'srv', NAMES, root);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file of client CAs, and the line that names it. */
function trusting(...authorities: readonly Certificate[]): string {
  const name = `trusted-${files++}.pem`;
  writeFileSync(join(folder, name), authorities.map(({ cert }) => cert).join(''));
  return `client_ca_file: ${name}`;
}

/** A configuration of its own for each test, with some TLS settings. */
async function load(...lines: readonly string[]): Promise<WebConfigFile> {
  const path = join(folder, `web-${files++}.yml`);
  write(path, ...lines);
  return WebConfigFile.load(path);
}

function write(path: string, ...lines: readonly string[]): void {
  const own = ['tls_server_config:', 'cert_file: srv.crt', 'key_file: srv.key', ...lines];
  writeFileSync(path, `${own.join('\n  ')}\n`);
}

async function change(file: WebConfigFile, ...lines: readonly string[]): Promise<void> {
  write(file.path, ...lines);
  expect(await file.reload()).toBe(true);
}

function asClient(
  { cert, key }: Certificate,
  version: (typeof VERSIONS)[number] = 'TLSv1.3',
): ConnectionOptions {
  return { ca: root.cert, cert, key, minVersion: version, maxVersion: version };
}

function outcome(port: number, options: ConnectionOptions, speech?: Speech): Promise<string> {
  return askSecurely(port, options, speech).then(String, () => 'rejected');
}

/** Asks again and again on one connection: a status, or `rejected`. */
function keptClient(port: number, options: ConnectionOptions, speech: Speech) {
  const own = { host: '127.0.0.1', port, servername: 'localhost', ...options };
  if (speech === 'HTTP/2') {
    const session = connectHttp2(`https://127.0.0.1:${port}`, own).on('error', () => undefined);
    onTestFinished(() => session.destroy());
    return () =>
      new Promise<string>((resolve) => {
        if (session.closed || session.destroyed) return resolve('rejected');
        const stream = session.request({ ':path': '/' });
        stream.on('response', (headers) => resolve(String(headers[':status'])));
        stream.on('error', () => resolve('rejected')).on('close', () => resolve('rejected'));
        stream.resume();
      });
  }
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  let connections = 0;
  return () =>
    new Promise<string>((resolve) => {
      const sent = request({ ...own, agent }, (response) => {
        response.resume().on('end', () => resolve(String(response.statusCode)));
      });
      sent.on('socket', (socket) => {
        // A second connection would say nothing of the first.
        if (!sent.reusedSocket && ++connections > 1) socket.destroy();
      });
      sent.on('error', () => resolve('rejected')).end();
    });
}

describe.each(EVERY)('an open connection of a client over %s and %s', (speech, version) => {
  skipWithoutCommand('openssl');

  it.each([
    ['its certificate', () => client, () => root],
    [
      'an intermediate',
      () => makeSigned('brief', makeAuthority(folder, 'ca-brief', root, 3)),
      () => root,
    ],
    ['the client CA', () => makeSigned('short', shortRoot()), shortRoot],
  ] as const)('is served until %s expires', async (_what, certificate, authority) => {
    const own = certificate();
    const file = await load(VERIFY, trusting(authority()));
    // After the certificates were made: they are valid from then on.
    let now = Date.now();
    const serving = await serveSecurely(file, speech, () => now);
    const options = asClient(own === client ? chained : own, version);
    const ask = keptClient(serving.port, options, speech);
    expect([await ask(), await ask()]).toEqual(['200', '200']);
    now += (own === client ? 30 : 3) * DAY + 60_000;
    expect(await ask()).toBe('rejected');
    expect(serving.requests()).toBe(2);
    // Node 24 does not show what is between the client's certificate and the file.
    const isSeen = own === client || authority === shortRoot || !process.version.startsWith('v24.');
    expect(serving.rejections).toEqual([isSeen ? 'certificate_expired' : 'handshake_too_old']);
  });

  it('is served for as long as the client CAs of its handshake are trusted', async () => {
    const other = makeAuthority(folder, 'other-root');
    const file = await load(VERIFY, trusting(root));
    const serving = await serveSecurely(file, speech);
    const ask = keptClient(serving.port, asClient(chained, version), speech);
    expect(await ask()).toBe('200');
    await change(file, VERIFY, trusting(other, root));
    expect(await ask()).toBe('200');
    await change(file, VERIFY, trusting(other));
    expect(await ask()).toBe('rejected');
    expect(serving.rejections).toEqual(['unknown_ca']);
  });

  it('is rejected if its client CA leaves the file during the handshake', async () => {
    const file = await load(VERIFY, trusting(root));
    const serving = await serveSecurely(file, speech);
    const begun = connectPlain(serving.port, '127.0.0.1');
    await until('it is accepted', () => serving.connections() === 1);
    await change(file, VERIFY, trusting(makeAuthority(folder, 'late-root')));
    const options = { ...asClient(chained, version), socket: begun, servername: 'localhost' };
    const socket = connect({
      ...options,
      ALPNProtocols: [speech === 'HTTP/2' ? 'h2' : 'http/1.1'],
    });
    await new Promise<void>((resolve) => socket.on('error', () => resolve()).on('close', resolve));
    expect(serving.rejections).toEqual(['unknown_ca']);
  });

  it('is served for as long as its name is allowed, whatever else changes', async () => {
    const rest = [VERIFY, trusting(root)];
    const file = await load(...rest, 'client_allowed_sans: [scraper]');
    const serving = await serveSecurely(file, speech);
    const ask = keptClient(serving.port, asClient(chained, version), speech);
    expect(await ask()).toBe('200');
    await change(file, ...rest, 'client_allowed_sans: [other, scraper]', 'max_version: TLS13');
    expect(await ask()).toBe('200');
    await change(file, ...rest, 'client_allowed_sans: [other]');
    expect(await ask()).toBe('rejected');
    expect(serving.rejections).toEqual(['san_not_allowed']);
  });

  it('is served for as long as no certificate is demanded', async () => {
    const file = await load();
    const serving = await serveSecurely(file, speech);
    const ask = keptClient(serving.port, asClient(client, version), speech);
    expect(await ask()).toBe('200');
    await change(file, VERIFY, trusting(root));
    expect(await ask()).toBe('rejected');
    expect(serving.rejections).toEqual(['no_certificate']);
  });
});

/** A client's certificate, and the one of its authority behind it. */
function makeSigned(name: string, authority: Certificate): Certificate {
  const made = makeCertificate(folder, name, 'DNS:scraper', authority);
  return { ...made, cert: made.cert + authority.cert };
}

let brief: Certificate | undefined;
function shortRoot(): Certificate {
  brief ??= makeAuthority(folder, 'short-root', undefined, 3);
  return brief;
}

describe('a client whose certificate expires while the test runs', () => {
  skipWithoutCommand('openssl');

  it('is rejected with the session of its last connection', async () => {
    const file = await load(VERIFY, trusting(root));
    const serving = await serveSecurely(file);
    const end = new Date(Date.now() + 6000);
    const short = makeShortCertificate(folder, 'seconds', root, end);
    const sessions = new Map<string, Buffer>();
    const ask = (version: (typeof VERSIONS)[number]): Promise<string> =>
      new Promise((resolve) => {
        const own = { host: '127.0.0.1', port: serving.port, servername: 'localhost' };
        const session = sessions.get(version);
        const socket = connect({ ...own, ...asClient(short, version), session });
        socket.on('session', (given: Buffer) => sessions.set(version, given));
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
        socket.on('data', (text: Buffer) => resolve(text.toString().slice(9, 12)));
        socket.on('error', () => resolve('rejected')).on('close', () => resolve('rejected'));
      });
    for (const version of VERSIONS) {
      expect([await ask(version), await ask(version)]).toEqual(['200', '200']);
    }
    expect(sessions.size).toBe(2);
    // An expiry is to the second.
    await until('it expires', () => Date.now() > end.getTime() + 1000);
    for (const version of VERSIONS) expect(await ask(version)).toBe('rejected');
    expect(serving.failures).toEqual(['certificate_expired', 'certificate_expired']);
  });
});

describe('client_ca_file', () => {
  skipWithoutCommand('openssl');

  it.each([
    ['only an intermediate', () => [issuing], '200', '200'],
    ['a pinned certificate of a client', () => [client], '200', '200'],
    ['a root alone', () => [root], 'rejected', '200'],
    ['another intermediate', () => [makeAuthority(folder, 'second', root)], 'rejected', 'rejected'],
    [
      'another client',
      () => [makeCertificate(folder, 'b', 'DNS:b', issuing)],
      'rejected',
      'rejected',
    ],
  ] as const)('with %s admits whom Go admits', async (_what, trusted, alone, withIssuer) => {
    for (const type of [VERIFY, 'client_auth_type: VerifyClientCertIfGiven']) {
      const file = await load(type, trusting(...trusted()));
      for (const [speech, version] of EVERY) {
        const { port } = await serveSecurely(file, speech);
        expect(await outcome(port, asClient(client, version), speech)).toBe(alone);
        expect(await outcome(port, asClient(chained, version), speech)).toBe(withIssuer);
      }
      await file.reload();
      const { port } = await serveSecurely(file);
      expect(await outcome(port, asClient(client))).toBe(alone);
    }
  });

  it('admits by an intermediate after a reload, too', async () => {
    const file = await load(VERIFY, trusting(root));
    const { port } = await serveSecurely(file);
    expect(await outcome(port, asClient(client))).toBe('rejected');
    await change(file, VERIFY, trusting(issuing));
    expect(await outcome(port, asClient(client))).toBe('200');
  });
});

describe('client_allowed_sans without a type that demands a certificate', () => {
  skipWithoutCommand('openssl');

  it.each([
    ['NoClientCert', '200', '200', '200'],
    ['RequestClientCert', 'rejected', '200', 'rejected'],
    ['VerifyClientCertIfGiven', 'rejected', '200', 'rejected'],
  ] as const)('%s: none %s, allowed %s, other %s', async (type, none, allowed, other) => {
    const ca = type === 'NoClientCert' ? [] : [trusting(root)];
    const file = await load(`client_auth_type: ${type}`, ...ca, 'client_allowed_sans: [scraper]');
    const { port } = await serveSecurely(file);
    const stranger = makeCertificate(folder, 'stranger', 'DNS:stranger', root);
    expect([
      await outcome(port, { ca: root.cert }),
      await outcome(port, asClient(chained)),
      await outcome(port, asClient(stranger)),
    ]).toEqual([none, allowed, other]);
  });
});

describe.each(SPEECHES)('handshakes that fail, with %s', (speech) => {
  skipWithoutCommand('openssl');

  it('are reported by their reasons, with the alerts that Node can send', async () => {
    const file = await load(VERIFY, trusting(root), 'min_version: TLS13');
    const serving = await serveSecurely(file, speech);
    const self = makeCertificate(folder, 'self', 'DNS:scraper');
    const past = new Date(Date.now() - DAY);
    const expired = makeShortCertificate(folder, 'expired', root, past);
    const tries: readonly [string, ConnectionOptions][] = [
      ['no_certificate', { ca: root.cert }],
      ['unknown_ca', asClient(self)],
      ['unknown_ca', asClient(client)],
      ['certificate_expired', asClient(expired)],
      ['no_common_protocol', asClient(chained, 'TLSv1.2')],
    ];
    for (const [reason, options] of tries) {
      const before = serving.failures.length;
      expect(await outcome(serving.port, options, speech)).toBe('rejected');
      await until(reason, () => serving.failures.length > before);
      expect(serving.failures.slice(before)).toEqual([reason]);
    }
    const alert = await new Promise<string>((resolve) => {
      const socket = connect({ port: serving.port, ca: root.cert, servername: 'localhost' });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    });
    expect(alert).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
    const strict = ['-verify_return_error', '-CAfile', self.certFile];
    spawn('openssl', ['s_client', '-connect', `127.0.0.1:${serving.port}`, ...strict]);
    await until('its alert is there', () => serving.failures.at(-1) === 'client_alert');
    expect(serving.requests()).toBe(0);
  });

  it('answer plain HTTP as Go does, whatever its method', async () => {
    const serving = await serveSecurely(await load(), speech);
    const speak = (text: string | undefined): Promise<string> =>
      new Promise((resolve) => {
        let answer = '';
        const socket = connectPlain(serving.port, '127.0.0.1', () => {
          if (text === undefined) socket.end();
          else socket.write(text);
        });
        socket.on('data', (data) => {
          answer += data.toString();
        });
        socket.on('error', () => undefined).on('close', () => resolve(answer));
      });
    const wanted =
      'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS']) {
      expect(await speak(`${method} / HTTP/1.1\r\nHost: localhost\r\n\r\n`)).toBe(wanted);
    }
    expect(await speak(undefined)).toBe('');
    expect(serving.failures.length).toBe(6);
    expect(serving.failures.at(0)).toBe('plain_http');
    expect(serving.failures.at(-1)).toBe('closed');
    expect(await outcome(serving.port, asClient(client), speech)).toBe('200');
  });
});
