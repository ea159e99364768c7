import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { YamlFields } from '../../web/yaml-fields.ts';
import { flagsOf } from './flags.ts';
import { UsageError } from './problems.ts';
import { readSettings } from './read-settings.ts';
import { SERVE_FLAGS, SERVE_SETTINGS } from './serve-settings.ts';

// The schema of editors, beside the program: what one of them takes, the other takes too.

const read = (file: string): string =>
  readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
  JSON.parse(read('docs/snapscrape.schema.json')),
);
const flags = flagsOf(SERVE_SETTINGS, SERVE_FLAGS);

function isTaken(text: string): boolean {
  const file = {
    path: '/etc/snapscrape/snapscrape.yml',
    fields: (problems: ConstructorParameters<typeof YamlFields>[1]) =>
      new YamlFields(text, problems),
  };
  try {
    readSettings(SERVE_SETTINGS, flags, { args: new Map(), environment: new Map(), file });
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

const isValid = (text: string): boolean => validate(parse(text));

const HASH = `$2y$10$${'a'.repeat(53)}`;
const WHOLE = `
storage: { url: lmdb:/var/lib/snapscrape, retention: 15d, series_limit: 1000000 }
sources:
  - { name: cron, textfile: { directory: textfile, retention: 1d }, refresh_interval: 30s, labels: { dc: eu1 } }
  - name: legacy
    exposition:
      url: https://10.0.0.7:9100/metrics
      authorization: { type: Bearer, credentials_file: legacy.token }
      tls_config:
        { ca_file: ca.crt, cert_file: a.crt, key_file: a.key, server_name: a, insecure_skip_verify: true }
    refresh_timeout: 10s
    body_size_limit: 16MB
    sample_limit: 50000
  - { name: guarded, exposition: { url: 'http://a/', basic_auth: { username: a, password_file: b } } }
families:
  backup_duration_seconds: { type: gauge, unit: seconds, help: How long., retention: 2d }
push:
  ttl: 0s
  group_limit: 10000
  body_size_limit: 8MB
  rules: [{ match: '{job=~"ci-.*"}', ttl: 1h30m }]
views:
  - { path: /tenants/acme, match: ['{org="acme"}'], shard: 1/4, basic_auth_users: { acme: ${HASH} } }
log: { level: info, format: logfmt }
`;

describe('the schema', () => {
  it.each([
    WHOLE,
    'storage: { url_file: url }',
    'storage: { url: "memory:" }',
    'storage: { url: rediss-sentinel://a/m }',
    'push: { ttl: 0 }',
    'push: { ttl: .5h }',
    'push: { body_size_limit: 512kib }',
    'families: { a.b: {} }',
    'sources: []',
    ...documented(),
  ])('takes what the program takes: %s', (text) => {
    expect(isTaken(text)).toBe(true);
    expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each([
    'storage: { retencion: 1d }',
    'xyzzy: 1',
    'storage: { url: "sqlite:/x" }',
    'storage: { retention: 15 }',
    'storage: { retention: 1.2.3s }',
    'storage: { retention: 15 d }',
    'storage: { series_limit: 0 }',
    'storage: { series_limit: 1.5 }',
    'storage: { series_limit: many }',
    'storage: 3',
    'storage: [1]',
    'sources: { a: 1 }',
    'sources: [{ textfile: { directory: a } }]',
    'sources: [{ name: "a b", textfile: { directory: a } }]',
    'sources: [{ name: a, exposition: { url: "ftp://a/" } }]',
    'sources: [{ name: a, textfile: { directory: a }, body_size_limit: 16 }]',
    'sources: [{ name: a, textfile: { directory: "" } }]',
    'sources: [{ name: a, exposition: { url: "http://a/", tls_config: { insecure_skip_verify: 3 } } }]',
    'families: { a: { type: guage } }',
    'families: { a: { unit: "a b" } }',
    'push: { rules: [{ ttl: 1h }] }',
    'push: { ttl: -1s }',
    'views: [{ match: [] }]',
    'views: [{ path: "a?b" }]',
    'views: [{ path: /a, shard: a }]',
    'views: [{ path: /a, basic_auth_users: { a: secret } }]',
    'log: { level: loud }',
  ])('refuses what the program refuses: %s', (text) => {
    expect(isTaken(text)).toBe(false);
    expect(isValid(text)).toBe(false);
  });
});

/** The configuration files in the documents: what follows `snapscrape.yml` there. */
function documented(): string[] {
  const blocks = ['docs/pushgateway.md', 'docs/sharding.md', 'docs/replicas.md', 'docs/stores.md']
    .flatMap((file) => [...read(file).matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text!))
    .filter((text) => /^(storage|sources|push|views|families):/m.test(text));
  if (blocks.length === 0) throw new Error('No document has a configuration file');
  return blocks;
}
