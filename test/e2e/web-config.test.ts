import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SnapscrapeError } from '../../src/index.ts';
import { createRequestGuard } from '../../src/web/request-guard.ts';
import { WebConfigFile } from '../../src/web/web-config-file.ts';
import {
  hasOpenssl,
  makeAuthority,
  makeCertificate,
  skipWithoutCommand,
} from '../support/certificates.ts';
import { skipWithout, toolPath } from '../support/tools.ts';

const HASH = '$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG';
const TLS = 'tls_server_config:\n  cert_file: srv.crt\n  key_file: srv.key\n';
const HTTP1 = 'http_server_config: {http2: false}\n';
const HTTP2_SUITE = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
const HEADERS = 'http_server_config:\n  headers:\n    ';

/** A part of `tls_server_config`, behind certificate and key. */
function tls(...lines: readonly string[]): string {
  return TLS + lines.map((line) => `  ${line}\n`).join('');
}

const MTLS = ['client_auth_type: RequireAndVerifyClientCert', 'client_ca_file: ca.crt'];

// Files on which both loaders must agree.
const GOOD: readonly string[] = [
  '',
  '# nothing\n',
  '---\n',
  '~',
  '{}',
  '\ufeffrate_limit: {}',
  'tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\n',
  'tls_server_config: {}',
  TLS,
  tls(...MTLS),
  tls(...MTLS, 'client_allowed_sans: [a, 127.0.0.1, "yes", no]'),
  tls('client_auth_type: RequireAnyClientCert', 'client_allowed_sans:', '  - a'),
  ...[
    'NoClientCert',
    'RequestClientCert',
    'RequireAnyClientCert',
    'RequireClientCert',
    'VerifyClientCertIfGiven',
    'RequireAndVerifyClientCert',
  ].map((type) => tls(`client_auth_type: ${type}`)),
  ...['TLS10', 'TLS11', 'TLS12', 'TLS13'].map((version) => tls(`min_version: ${version}`)),
  tls('max_version: TLS12'),
  tls('cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]'),
  `${tls('cipher_suites:', '  - TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256')}${HTTP1}`,
  tls('min_version: TLS13', 'cipher_suites: [TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256]'),
  tls('cipher_suites: []', 'curve_preferences: []'),
  tls('curve_preferences: [X25519, CurveP256, CurveP384, CurveP521]'),
  tls('curve_preferences: [X25519, CurveP256, X25519]'),
  tls(`cipher_suites: [${HTTP2_SUITE}, ${HTTP2_SUITE}]`),
  tls('client_allowed_sans: [a]'),
  tls('client_auth_type: RequestClientCert', 'client_allowed_sans: [a]'),
  tls('client_auth_type: VerifyClientCertIfGiven', 'client_allowed_sans: [a]'),
  ...['true', 'yes', 'On', 'n', 'FALSE', '~'].map((b) => tls(`prefer_server_cipher_suites: ${b}`)),
  'http_server_config: {http2: off}',
  `${HEADERS}X-Frame-Options: deny\n    X-Content-Type-Options: nosniff\n    X-XSS-Protection: 0`,
  `${HEADERS}Strict-Transport-Security: max-age=31536000\n    Content-Security-Policy: ''`,
  `basic_auth_users: {a: ${HASH}, 123: ${HASH}, no: ${HASH}, "": ${HASH}, __proto__: ${HASH}}`,
  `basic_auth_users: {a: '${HASH.replace('$2y', '$2a')}', b: '${HASH.replace('$2y', '$2b')}'}`,
  'rate_limit: {interval: 1s, burst: 5}',
  'rate_limit: {interval: 1.5h2us, burst: 1}',
  'rate_limit: {interval: .5s, burst: +5}',
  'rate_limit: {interval: 0, burst: 0}',
  'rate_limit: {burst: 5}',
  '"rate_limit": {"interval": "1s", "burst": 5}',
];

const BAD: readonly string[] = [
  '[]',
  'a',
  'foo: 1',
  'tls_server_config: []',
  'tls_server_config: {cert_file: srv.crt}',
  'tls_server_config: {key_file: srv.key}',
  'tls_server_config: {client_auth_type: RequireAnyClientCert}',
  'tls_server_config: {cert_file: srv.crt, key_file: other.key}',
  'tls_server_config: {cert_file: none.crt, key_file: srv.key}',
  'tls_server_config: {cert_file: srv.key, key_file: srv.crt}',
  'tls_server_config: {cert: garbage, key: garbage}',
  tls('cert_files: x'),
  tls('min_version: TLS14'),
  tls('min_version: 1.2'),
  tls('cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]'),
  tls('cipher_suites: [ECDHE-RSA-AES128-GCM-SHA256]'),
  tls('cipher_suites: TLS_AES_128_GCM_SHA256'),
  tls('curve_preferences: [P-256]'),
  tls('client_auth_type: requireAnyClientCert'),
  tls('client_ca_file: ca.crt'),
  tls('client_auth_type: NoClientCert', 'client_ca_file: ca.crt'),
  tls('client_auth_type: RequireAndVerifyClientCert', 'client_ca_file: none.pem'),
  tls("prefer_server_cipher_suites: 'true'"),
  tls('prefer_server_cipher_suites: 1'),
  'http_server_config: {http3: true}',
  `${HEADERS}X-Frame-Options: DENY`,
  `${HEADERS}X-Frame-Options: ''`,
  `${HEADERS}X-Content-Type-Options: ''`,
  `${HEADERS}x-frame-options: deny`,
  `${HEADERS}Server: x`,
  `${HEADERS}Content-Security-Policy: [a]`,
  'basic_auth_users: {a: secret}',
  'basic_auth_users: {a: }',
  'basic_auth_users: [a]',
  `basic_auth_users: {a: ${HASH}, a: ${HASH}}`,
  `basic_auth_users: {a: '${HASH.replace('$10$', '$32$')}'}`,
  'rate_limit: {interval: "1", burst: 1}',
  'rate_limit: {interval: 1d, burst: 1}',
  'rate_limit: {interval: 1s, burst: "5"}',
  'rate_limit: {interval: 1s, burst: many}',
  'rate_limit: ""',
  '{rate_limit: {burst: 1}, rate_limit: {burst: 2}}',
  'http_server_config: {http2: true',
  'http_server_config:\n\thttp2: true',
  'http_server_config: *nowhere',
];

// Files that the toolkit takes and we reject, by intent: docs/web-config.md gives the reasons.
const STRICTER: readonly (readonly [reason: string, text: string])[] = [
  ['TLS settings without a certificate', 'tls_server_config: {min_version: TLS12}'],
  ['allowed names without a certificate', 'tls_server_config: {client_allowed_sans: [a]}'],
  ['inline and file', tls('cert: x')],
  ['no version left', tls('min_version: TLS13', 'max_version: TLS12')],
  ['a CA file without certificates', tls(MTLS[0]!, 'client_ca_file: srv.key')],
  // promtool reads the file only; a server of the toolkit ends with an error, too.
  [
    'HTTP/2 without its suite',
    tls('cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]', 'max_version: TLS12'),
  ],
  ['HTTP/2 with suites of TLS 1.3 alone', tls('cipher_suites: [TLS_AES_128_GCM_SHA256]')],
  ['no name at all', tls(...MTLS, 'client_allowed_sans: []')],
  ['a line break in a header', `${HEADERS}Content-Security-Policy: "a\\nb"`],
  ['a cost of days', `basic_auth_users: {a: '${HASH.replace('$10$', '$31$')}'}`],
  ['another kind of hash', `basic_auth_users: {a: '${HASH.replace('$2y', '$2x')}'}`],
  ['a hash with a tail', `basic_auth_users: {a: '${HASH}x'}`],
  ['a user with a colon', `basic_auth_users: {'a:b': ${HASH}}`],
  ['a limit that lets nothing through', 'rate_limit: {interval: 1s}'],
  ['a negative burst', 'rate_limit: {interval: 1s, burst: -1}'],
  ['a negative burst alone', 'rate_limit: {burst: -1}'],
  ['a negative interval', 'rate_limit: {interval: -1s, burst: 1}'],
  ['nanoseconds without a unit', 'rate_limit: {interval: 1, burst: 1}'],
  ['a fraction for a count', 'rate_limit: {interval: 1s, burst: 1.5}'],
  ['numbers of other bases', 'rate_limit: {interval: 1s, burst: 0x10}'],
  ['a second document', 'rate_limit: {}\n---\nfoo: 1'],
  ['merge keys', 'http_server_config: {<<: {http2: true}}'],
  ['tags', 'http_server_config: {http2: !!bool "true"}'],
];

const folder = mkdtempSync(join(tmpdir(), 'web-config-'));
const file = join(folder, 'web.yml');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function ourVerdict(text: string): Promise<string> {
  writeFileSync(file, text);
  try {
    await WebConfigFile.load(file);
    return 'good';
  } catch (error) {
    if (error instanceof SnapscrapeError && error.code === 'invalid_web_config') return 'bad';
    throw error;
  }
}

function promtoolVerdict(text: string): string {
  writeFileSync(file, text);
  const { status } = spawnSync(toolPath('promtool')!, ['check', 'web-config', file]);
  return status === 0 ? 'good' : 'bad';
}

describe('the format of web configuration files, by promtool check web-config', () => {
  skipWithout('promtool');
  skipWithoutCommand('openssl');
  beforeAll(() => {
    if (!hasOpenssl) return;
    makeCertificate(folder, 'srv', 'DNS:localhost');
    makeCertificate(folder, 'other', 'DNS:localhost');
    makeAuthority(folder, 'ca');
  });

  it.each(GOOD)('takes what the toolkit takes: %j', async (text) => {
    expect([promtoolVerdict(text), await ourVerdict(text)]).toEqual(['good', 'good']);
  });

  it.each(BAD)('rejects what the toolkit rejects: %j', async (text) => {
    expect([promtoolVerdict(text), await ourVerdict(text)]).toEqual(['bad', 'bad']);
  });

  it.each(STRICTER)('rejects, where the toolkit does not: %s', async (_reason, text) => {
    expect([promtoolVerdict(text), await ourVerdict(text)]).toEqual(['good', 'bad']);
  });

  it('takes bearer tokens, where the toolkit does not', async () => {
    const text = `bearer_tokens: {prometheus: 'sha256:${'0123456789abcdef'.repeat(4)}'}`;
    expect([promtoolVerdict(text), await ourVerdict(text)]).toEqual(['bad', 'good']);
  });
});

describe('hashes made by htpasswd', () => {
  skipWithoutCommand('htpasswd');

  it('are those of their passwords', async () => {
    const password = 'pä:ss wörd';
    const made = execFileSync('htpasswd', ['-nbBC', '5', 'prometheus', password]).toString();
    const [user, hash] = made.trim().split(':');
    writeFileSync(file, `basic_auth_users:\n  ${user}: ${hash}\n`);
    const guard = createRequestGuard(await WebConfigFile.load(file));
    const ask = async (given: string): Promise<number> => {
      const pair = Buffer.from(`prometheus:${given}`).toString('base64');
      const rejection = await guard.check({ headers: { authorization: `Basic ${pair}` } });
      return rejection?.status ?? 200;
    };
    expect(await ask(password)).toBe(200);
    expect(await ask('pä:ss word')).toBe(401);
    guard.close();
  });
});
