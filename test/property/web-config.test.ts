import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SnapscrapeError } from '../../src/index.ts';
import { threadCpu } from '../support/thread-cpu.ts';
import { tries } from '../support/tries.ts';
import { SECRET_HASH, WebConfigOnDisk } from '../support/web-config-files.ts';

const disk = new WebConfigOnDisk();

const SOUND = `tls_server_config:
  cert: &c |
    -----BEGIN CERTIFICATE-----
    MIIB
    -----END CERTIFICATE-----
  key_file: key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca: *c
  client_allowed_sans: [a, "b", 'c']
  cipher_suites:
    - TLS_AES_128_GCM_SHA256
http_server_config: {http2: yes, headers: {X-Frame-Options: deny}}
basic_auth_users:
  a: ${SECRET_HASH}
bearer_tokens: {t: 'sha256:${'0'.repeat(64)}'}
rate_limit: {interval: 1m30s, burst: 5}
`;

const MARKS = [
  ['[', ']', '{', '}', ': ', '- ', '? ', ', ', '&c ', '*c', '!!str ', '!x ', '|\n', '>-\n', '"'],
  ["'", '#', '%', '@', '`', '\n', '\t', '  ', '---\n', '...\n', '<<: ', '\0', '\ufeff', '\\x'],
  ['~', 'null', '__proto__: ', 'constructor', '\u2028', '\u{1f600}', '-1', '1e999', '.inf'],
].flat();

const mark = fc.constantFrom(...MARKS);
const word = fc.constantFrom(...(SOUND.match(/\S+\s*/g) ?? []));
const at = fc.nat({ max: SOUND.length });

/** A sound file with pieces cut out, put in and repeated. */
const spoiled = fc
  .array(fc.record({ at, cut: fc.nat({ max: 20 }), put: fc.oneof(mark, word, fc.string()) }), {
    maxLength: 8,
  })
  .map((edits) =>
    edits.reduce(
      (text, { at: i, cut, put }) => text.slice(0, i) + put + text.slice(i + cut),
      SOUND,
    ),
  );

const soup = fc.array(fc.oneof(mark, word), { maxLength: 60 }).map((parts) => parts.join(''));
const repeated = fc
  .tuple(fc.array(mark, { minLength: 1, maxLength: 3 }), fc.nat({ max: 20_000 }))
  .map(([parts, times]) => parts.join('').repeat(times).slice(0, 40_000));

/** What became of a text: nothing else may, and not after a while. */
async function outcome(text: string | Uint8Array): Promise<void> {
  const started = threadCpu();
  try {
    await disk.load(text);
  } catch (error) {
    if (!(error instanceof SnapscrapeError)) throw error;
    expect(error.code).toBe('invalid_web_config');
    expect(error.message.length).toBeLessThan(20_000);
  }
  expect(threadCpu() - started).toBeLessThan(5000);
}

const runs = { numRuns: tries(100) };

it('a spoiled file is good, or bad, and nothing else', { timeout: 1e8 }, async () => {
  await fc.assert(fc.asyncProperty(spoiled, outcome), runs);
});

it('so is a soup of its pieces', { timeout: 1e8 }, async () => {
  await fc.assert(fc.asyncProperty(soup, outcome), runs);
});

it('so are marks by the thousand', { timeout: 1e8 }, async () => {
  await fc.assert(fc.asyncProperty(repeated, outcome), { numRuns: Math.ceil(runs.numRuns / 10) });
});

it('so are random bytes', { timeout: 1e8 }, async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), outcome), runs);
});
