import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { TLS } from '../../test/http/transports.ts';
import { SECRET_HASH, WebConfigOnDisk } from '../../test/support/web-config-files.ts';
import { SnapscrapeError } from '../model/errors.ts';

const disk = new WebConfigOnDisk();

/** The problems of a file without its path. */
async function faultsOf(text: string | Uint8Array): Promise<readonly string[]> {
  try {
    await disk.load(text);
    return [];
  } catch (error) {
    if (!(error instanceof SnapscrapeError)) throw error;
    expect(error.code).toBe('invalid_web_config');
    return error.message.replaceAll(disk.path, '').split('\n');
  }
}

describe('a web configuration file', () => {
  it('may be empty', async () => {
    expect((await disk.load('')).current).toEqual({
      tls: undefined,
      http2: true,
      headers: new Map(),
      users: new Map(),
      bearerTokens: new Map(),
      rateLimit: undefined,
    });
  });

  it('is read in full', async () => {
    const token = 'ab'.repeat(32);
    const { current } = await disk.load(`
http_server_config:
  http2: no
  headers: {X-Frame-Options: deny, X-XSS-Protection: ''}
basic_auth_users: {no: ${SECRET_HASH}, __proto__: ${SECRET_HASH}}
bearer_tokens: {prometheus: 'sha256:${token}'}
rate_limit: {interval: 1m30s, burst: 5}`);
    expect(current.http2).toBe(false);
    expect([...current.headers]).toEqual([['X-Frame-Options', 'deny']]);
    expect([...current.users].map(([user, hash]) => [user, hash.reveal()])).toEqual([
      ['no', SECRET_HASH],
      ['__proto__', SECRET_HASH],
    ]);
    expect(current.bearerTokens.get('prometheus')?.reveal()).toBe(token);
    expect(current.rateLimit).toEqual({ intervalMs: 90_000, burst: 5 });
  });

  it('follows aliases, but not for ever', async () => {
    const aliased = `bearer_tokens: {}\nbasic_auth_users: &u {a: &h ${SECRET_HASH}, b: *h}`;
    expect((await disk.load(aliased)).current.users.get('b')?.reveal()).toBe(SECRET_HASH);
    const users = Array.from({ length: 101 }, (_, i) => `u${i}: *h`).join(', ');
    const many = await faultsOf(`basic_auth_users: {a: &h ${SECRET_HASH}, ${users}}`);
    expect(many.some((problem) => problem.includes('alias'))).toBe(true);
  });
});

describe('problems of a web configuration file', () => {
  it('are reported all at once, in the order of the lines, with a remedy', async () => {
    const problems = await faultsOf(`http_server_config:
  http2: "true"
  headers:
    Server: me
rate_limit: {interval: 5, burst: x}
tls_server_config:
  cert_file: none.crt
  key_file: none.key
  min_version: TLS9
basic_auth_users:
  a: secret
no_such: 1
`);
    expect(problems).toEqual([
      ':2:3: http_server_config.http2 must be true or false, without quotes',
      ':4:5: "http_server_config.headers.Server" is not a field; the fields there are Content-Security-Policy, Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, X-XSS-Protection',
      ':5:14: rate_limit.interval must be a duration with its unit, such as 1s or 250ms, or 0 for no limit',
      ':5:27: rate_limit.burst must be a whole number, without quotes',
      ':7:3: tls_server_config.cert_file names a file that cannot be read; correct the path or its rights',
      ':8:3: tls_server_config.key_file names a file that cannot be read; correct the path or its rights',
      ':9:3: tls_server_config.min_version "TLS9" must be one of TLS10, TLS11, TLS12, TLS13',
      ':11:3: an entry of basic_auth_users must be a bcrypt hash ($2y$, $2a$ or $2b$); make one: snapscrape hash-password, or htpasswd -nBC 10 ""',
      ':12:1: "no_such" is not a field; the fields there are tls_server_config, http_server_config, basic_auth_users, rate_limit, bearer_tokens',
    ]);
  });

  it.each([
    ['a: b: c', /^:1:\d+: is not YAML that is read here \(\w+\); correct it$/],
    ['rate_limit: {}\n---\n{}', /^:\d+:\d+: begins a second document; keep one in a file$/],
    ['['.repeat(5000), /^: is nested too deeply; four levels are enough$/],
    ['- '.repeat(5000), /nested too deeply/],
    [Uint8Array.of(0x61, 0xff), /^: is not UTF-8$/],
    ['#'.repeat(256 * 1024 + 1), /has more than 262144 bytes$/],
    ['bearer_tokens: {a: my-token}', /sha256/],
    [
      'bearer_tokens: {a: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}',
      /sha256/,
    ],
    [`basic_auth_users: {a: '${SECRET_HASH.replace('04', '17')}'}`, /cost of 17; .* from 4 to 16$/],
  ])('are reported for %j', async (text, problem) => {
    expect((await faultsOf(text))[0]).toMatch(problem);
  });

  it.each([
    ['client_auth_type: Require', 'client_ca: x', 'client_auth_type "Require" must be one of'],
    ['min_version: TLS9', 'max_version: TLS11', 'min_version "TLS9" must be one of'],
    ['cipher_suites: [TLS_X]', 'min_version: TLS12', 'cipher_suites[0] "TLS_X" must be one of'],
    ['curve_preferences: [P256]', 'min_version: TLS12', 'curve_preferences[0] "P256" must be'],
  ])('are not reported twice: %s', async (wrong, other, problem) => {
    const pair = `cert: ${JSON.stringify(TLS.cert)}, key: ${JSON.stringify(TLS.key)}`;
    const problems = await faultsOf(`tls_server_config: {${pair}, ${wrong}, ${other}}`);
    const reported = problems.filter((text) => !text.includes('client_ca holds no certificate'));
    expect(reported).toEqual([expect.stringContaining(problem)]);
  });

  it('are not reported by the thousand', async () => {
    const problems = await faultsOf('x: \n'.repeat(5000));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toMatch(/^and \d+ more problems$/);
  });

  it('name a missing file, and keep its error', async () => {
    const { WebConfigFile } = await import('./web-config-file.ts');
    const loading = WebConfigFile.load(`${disk.folder}/none.yml`);
    await expect(loading).rejects.toMatchObject({
      code: 'invalid_web_config',
      cause: { code: 'ENOENT' },
    });
  });

  it('name no certificate for a curve that is given twice, and say why a file is not read', async () => {
    const key = `key: ${JSON.stringify(TLS.key)}`;
    const own = `cert: ${JSON.stringify(TLS.cert)}, ${key}`;
    writeFileSync(join(disk.folder, 'large.pem'), Buffer.alloc((1 << 20) + 1, '#'));
    const twice = await disk.load(
      `tls_server_config: {${own}, curve_preferences: [X25519, CurveP256, X25519]}`,
    );
    expect(twice.current.tls?.curves).toEqual(['X25519', 'prime256v1']);
    expect(await faultsOf(`tls_server_config: {cert_file: large.pem, ${key}}`)).toEqual([
      ':1:21: tls_server_config.cert_file names a file that has more than 1048576 bytes',
    ]);
  });

  it('quote no secret, nor does a configuration that is printed', async () => {
    const wrong = [
      'basic_auth_users: {a: hunter2}',
      'bearer_tokens: {a: hunter2}',
      'tls_server_config: {cert: hunter2, key: hunter2}',
      'tls_server_config:\n  key: |\n    hunter2\n   hunter2: [',
      'basic_auth_users: {hunter2: prometheus}',
      `basic_auth_users: {hunter2: ${SECRET_HASH}, hunter2: ${SECRET_HASH}}`,
      'basic_auth_users: hunter2',
      'basic_auth_users: {a: "hunter2}',
      'basic_auth_users: {a: *hunter2}',
    ];
    for (const text of wrong) {
      const error: unknown = await disk.load(text).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SnapscrapeError);
      expect(inspect(error, { depth: 9, showHidden: true }), text).not.toContain('hunter2');
    }
    const { current } = await disk.load(`basic_auth_users: {a: ${SECRET_HASH}}`);
    const printed = `${inspect(current, { depth: 9, showHidden: true })}${JSON.stringify([...current.users])}`;
    expect(printed).toContain('<secret>');
    expect(printed).not.toContain(SECRET_HASH);
  });
});
