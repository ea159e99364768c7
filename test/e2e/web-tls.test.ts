import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebConfigFile } from '../../src/web/web-config-file.ts';
import {
  type Certificate,
  hasOpenssl,
  makeAuthority,
  makeCertificate,
  skipWithoutCommand,
} from '../support/certificates.ts';
import { askSecurely, type Speech, serveSecurely } from '../support/secure-serving.ts';
import { until } from '../support/until.ts';

const NAMES = 'DNS:localhost,IP:127.0.0.1';
const SPEECHES: readonly Speech[] = ['HTTP/1.1', 'HTTP/2'];
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

const folder = mkdtempSync(join(tmpdir(), 'web-tls-'));
const path = join(folder, 'web.yml');

let ca: Certificate;
let otherCa: Certificate;
let server: Certificate;
/** The clients' certificates by what is said of them below. */
const clients: Record<string, Certificate | undefined> = { none: undefined };

beforeAll(() => {
  if (!hasOpenssl) return;
  ca = makeAuthority(folder, 'ca');
  otherCa = makeAuthority(folder, 'other-ca');
  server = makeCertificate(folder, 'srv', NAMES, ca);
  clients.valid = makeCertificate(folder, 'valid', 'DNS:scraper', ca);
  clients.selfSigned = makeCertificate(folder, 'self', 'DNS:scraper');
  clients.foreign = makeCertificate(folder, 'foreign', 'DNS:scraper', otherCa);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a configuration with the server's certificate and some more TLS settings. */
function write(...lines: readonly string[]): void {
  const own = ['tls_server_config:', 'cert_file: srv.crt', 'key_file: srv.key', ...lines];
  writeFileSync(path, `${own.join('\n  ')}\n`);
}

async function load(...lines: readonly string[]): Promise<WebConfigFile> {
  write(...lines);
  return WebConfigFile.load(path, { pollInterval: 10 });
}

/** A client that trusts the server, with a certificate of its own or none. */
function asClient(certificate: Certificate | undefined): ConnectionOptions {
  const own = certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key };
  return { ca: ca.cert, ...own };
}

/** What comes of one request: its status, or `rejected`. */
function outcome(port: number, options: ConnectionOptions, speech?: Speech): Promise<string> {
  return askSecurely(port, options, speech).then(String, () => 'rejected');
}

/** A connection whose handshake is done, until the end of the test. */
async function connected(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ...options });
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve).once('error', reject);
  });
  return socket.on('error', () => undefined);
}

const WITH_CA = ['client_ca_file: ca.crt'];
const MATRIX = [
  ['NoClientCert', [], { none: '200', selfSigned: '200', valid: '200', foreign: '200' }],
  ['RequestClientCert', WITH_CA, { none: '200', selfSigned: '200', valid: '200', foreign: '200' }],
  [
    'RequireAnyClientCert',
    WITH_CA,
    { none: 'rejected', selfSigned: '200', valid: '200', foreign: '200' },
  ],
  [
    'VerifyClientCertIfGiven',
    WITH_CA,
    { none: '200', selfSigned: 'rejected', valid: '200', foreign: 'rejected' },
  ],
  [
    'RequireAndVerifyClientCert',
    WITH_CA,
    { none: 'rejected', selfSigned: 'rejected', valid: '200', foreign: 'rejected' },
  ],
] as const;

describe.each(SPEECHES)('client_auth_type over %s', (speech) => {
  skipWithoutCommand('openssl');

  it.each(MATRIX)('%s', async (type, more, expected) => {
    const serving = await serveSecurely(await load(`client_auth_type: ${type}`, ...more), speech);
    for (const version of VERSIONS) {
      const versions = { minVersion: version, maxVersion: version };
      for (const [who, wanted] of Object.entries(expected)) {
        const before = serving.requests();
        const options = { ...asClient(clients[who]), ...versions };
        const what = `${who} over ${version}`;
        expect([what, await outcome(serving.port, options, speech)]).toEqual([what, wanted]);
        expect(serving.requests() - before).toBe(wanted === '200' ? 1 : 0);
      }
    }
  });

  it('rejects an expired certificate where certificates are verified', async () => {
    const expired = makeCertificate(folder, 'expired', 'DNS:scraper', ca, 0);
    const { validTo } = new X509Certificate(expired.cert);
    await until('it expires', () => Date.now() > Date.parse(validTo));
    for (const type of ['VerifyClientCertIfGiven', 'RequireAndVerifyClientCert']) {
      const serving = await serveSecurely(
        await load(`client_auth_type: ${type}`, ...WITH_CA),
        speech,
      );
      expect(await outcome(serving.port, asClient(expired), speech)).toBe('rejected');
    }
  });
});

describe('client_allowed_sans', () => {
  skipWithoutCommand('openssl');
  const KINDS = [
    ['DNS', 'DNS:scraper.example', 'scraper.example'],
    ['IPv4', 'IP:10.1.2.3', '10.1.2.3'],
    ['IPv6', 'IP:fd00:0:0:0::17', 'fd00::17'],
    ['e-mail', 'email:ops@example.org', 'ops@example.org'],
    ['URI', 'URI:spiffe://example.org/prometheus', 'spiffe://example.org/prometheus'],
  ] as const;

  it.each(KINDS)('lets a client in by its %s', async (kind, name, allowed) => {
    const mtls = ['client_auth_type: RequireAndVerifyClientCert', ...WITH_CA];
    const certificate = makeCertificate(folder, `san-${kind}`, name, ca);
    const options = asClient(certificate);
    const open = await load(...mtls, `client_allowed_sans: ['other', '${allowed}']`);
    expect(await outcome((await serveSecurely(open)).port, options)).toBe('200');
    const shut = await serveSecurely(await load(...mtls, `client_allowed_sans: ['x${allowed}']`));
    for (const speech of SPEECHES) {
      expect(await outcome(shut.port, options, 'HTTP/1.1')).toBe('rejected');
      expect(await outcome(shut.port, options, speech)).toBe('rejected');
    }
    expect(shut.requests()).toBe(0);
    expect(new Set(shut.rejections)).toEqual(new Set(['san_not_allowed']));
  });

  it('reads nothing of a client that is cut off, even what came with its handshake', async () => {
    const file = await load('client_auth_type: RequireAnyClientCert');
    const serving = await serveSecurely(file);
    for (const version of VERSIONS) {
      const socket = connect({
        host: '127.0.0.1',
        port: serving.port,
        ca: ca.cert,
        servername: 'localhost',
        minVersion: version,
        maxVersion: version,
      });
      socket.on('error', () => undefined);
      const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      // Written before the handshake is done: it goes out with the client's last message of it.
      socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(50));
      await ended;
    }
    expect(serving.rejections).toEqual(['no_certificate', 'no_certificate']);
    expect(serving.requests()).toBe(0);
  });
});

describe('versions and suites of TLS', () => {
  skipWithoutCommand('openssl');

  it.each([
    ['min_version: TLS13', 'TLSv1.2', 'rejected'],
    ['min_version: TLS13', 'TLSv1.3', '200'],
    ['max_version: TLS12', 'TLSv1.3', 'rejected'],
    ['max_version: TLS12', 'TLSv1.2', '200'],
    ['prefer_server_cipher_suites: true', 'TLSv1.1', 'rejected'],
    ['min_version: TLS11', 'TLSv1.1', '200'],
    ['min_version: TLS11', 'TLSv1', 'rejected'],
    ['min_version: TLS10', 'TLSv1', '200'],
  ] as const)('with %s, a client with %s: %s', async (line, version, expected) => {
    const { port } = await serveSecurely(await load(line));
    const versions = { minVersion: version, maxVersion: version };
    const options = { ...asClient(undefined), ...versions, ciphers: 'DEFAULT@SECLEVEL=0' };
    expect(await outcome(port, options)).toBe(expected);
  });

  it.each([
    ['HTTP/1.1', 'http/1.1'],
    ['HTTP/2', 'h2'],
  ] as const)(
    'offers a client that speaks both what the server speaks: %s',
    async (speech, name) => {
      const { port } = await serveSecurely(await load(), speech);
      const both = { ...asClient(undefined), ALPNProtocols: ['h2', 'http/1.1'] };
      expect((await connected(port, both)).alpnProtocol).toBe(name);
      expect(await outcome(port, asClient(undefined), 'HTTP/1.1')).toBe('200');
    },
  );

  it('uses the suites of the list, and those of TLS 1.3 besides', async () => {
    const suite = 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256';
    const required = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';
    const suites = `cipher_suites: [${suite}, ${required}, ${suite}]`;
    const { port } = await serveSecurely(await load(suites));
    const old = await connected(port, { ...asClient(undefined), maxVersion: 'TLSv1.2' });
    expect(old.getCipher().name).toBe('ECDHE-ECDSA-CHACHA20-POLY1305');
    const current = await connected(port, asClient(undefined));
    expect(current.getCipher().version).toBe('TLSv1.3');
  });

  it('uses the curves of the list', async () => {
    const { port } = await serveSecurely(await load('curve_preferences: [CurveP384]'));
    const socket = await connected(port, asClient(undefined));
    expect(socket.getEphemeralKeyInfo()).toMatchObject({ name: 'secp384r1' });
    const other = outcome(port, { ...asClient(undefined), ecdhCurve: 'X25519' });
    expect(await other).toBe('rejected');
  });
});

describe('changes of the files while a server runs', () => {
  skipWithoutCommand('openssl');

  it('swaps a certificate under load, and no request fails', async () => {
    const swapped = join(folder, 'swapped');
    const made = [1, 2, 3].map((i) => makeCertificate(swapped, `gen${i}`, NAMES, ca));
    const put = (i: number): void => {
      // The certificate first, as it happens: for a moment the key does not belong to it.
      writeFileSync(join(swapped, 'srv.crt'), made[i]!.cert);
      writeFileSync(join(swapped, 'srv.key'), made[i]!.key);
    };
    put(0);
    const config = join(swapped, 'web.yml');
    writeFileSync(config, 'tls_server_config: {cert_file: srv.crt, key_file: srv.key}\n');
    const file = await WebConfigFile.load(config, { pollInterval: 10 });
    onTestFinished(() => file.watch().close());
    file.watch();
    const { port } = await serveSecurely(file);
    let isOver = false;
    let asked = 0;
    const load = Array.from({ length: 4 }, async () => {
      for (; !isOver; asked++) expect(await outcome(port, asClient(undefined))).toBe('200');
    });
    const served = async (): Promise<string> => {
      const socket = await connected(port, asClient(undefined));
      socket.end();
      return socket.getPeerX509Certificate()!.subject;
    };
    for (const i of [1, 2]) {
      const before = asked;
      put(i);
      await until('it is read', () => file.current.tls!.cert === made[i]!.cert);
      await until('requests go on', () => asked > before + 20);
      expect(await served()).toBe(`CN=gen${i + 1}`);
    }
    isOver = true;
    await Promise.all(load);
  });

  it('asks for certificates from one moment to the next', async () => {
    const file = await load();
    const serving = await serveSecurely(file);
    expect(await outcome(serving.port, asClient(undefined))).toBe('200');
    write('client_auth_type: RequireAndVerifyClientCert', ...WITH_CA);
    expect(await file.reload()).toBe(true);
    expect(await outcome(serving.port, asClient(undefined))).toBe('rejected');
    expect(await outcome(serving.port, asClient(clients.valid))).toBe('200');
    write();
    expect(await file.reload()).toBe(true);
    expect(await outcome(serving.port, asClient(undefined))).toBe('200');
  });

  it('keeps what was good when the key does not belong to the certificate, and says so', async () => {
    const errors: string[] = [];
    write();
    const file = await WebConfigFile.load(path, {
      onError: ({ message }) => void errors.push(message),
    });
    const before = file.current;
    writeFileSync(join(folder, 'srv.key'), otherCa.key);
    expect(await file.reload()).toBe(false);
    writeFileSync(join(folder, 'srv.key'), server.key);
    expect(file.current).toBe(before);
    expect(file.lastReload).toMatchObject({ ok: false, code: 'invalid_web_config' });
    expect(errors).toEqual([expect.stringMatching(/key_file is not the key of the certificate/)]);
  });
});
