import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HANDLER_DEFAULTS } from '../../src/http/handler-options.ts';
import { PARSE_DEFAULTS } from '../../src/parse/parse-exposition.ts';
import { CACHE_DEFAULTS } from '../../src/refresh/cache-config.ts';
import { HEALTH_DEFAULTS } from '../../src/server/health.ts';
import { SERVER_DEFAULTS } from '../../src/server/server-options.ts';
import { EXPOSITION_SOURCE_DEFAULTS } from '../../src/sources/exposition-source.ts';
import { MERGE_DEFAULTS } from '../../src/sources/merge-options.ts';
import { REGISTRY_DEFAULTS } from '../../src/sources/registry-reader.ts';
import { TEXT_FILE_DEFAULTS } from '../../src/sources/text-file-source.ts';
import { LMDB_STORE_DEFAULTS } from '../../src/stores/lmdb/lmdb-store-options.ts';
import { MEMORY_STORE_DEFAULTS } from '../../src/stores/memory-store-options.ts';
import { REDIS_STORE_DEFAULTS } from '../../src/stores/redis/redis-store-options.ts';
import { REQUEST_GUARD_DEFAULTS } from '../../src/web/request-guard.ts';
import { WEB_CONFIG_FILE_DEFAULTS } from '../../src/web/web-config-file.ts';
import { asDocumented } from '../support/documented-defaults.ts';
import { REPOSITORY } from '../support/tools.ts';

const page = readFileSync(join(REPOSITORY, 'docs/options.md'), 'utf8');

/** The default of each option in the table below a heading, as it is written there. */
function table(call: string): Readonly<Record<string, string>> {
  const section = page.split(/^#+ /m).find((text) => text.startsWith(`\`${call}`)) ?? '';
  const rows = section.matchAll(/^\| `(\w+)` *\| ([^|]*?) *\|/gm);
  return Object.fromEntries([...rows].map(([, option, documented]) => [option, documented!]));
}

/** Defaults that a value does not show. */
const IN_WORDS: Readonly<Record<string, string>> = {
  maxStaleness: 'ten intervals',
  maxRequestsInFlight: '0 (no limit)',
  families: 'none',
  names: 'all',
  prefixes: 'all',
  match: 'all',
  shard: 'all',
  handler: "the handler's own",
  cache: 'in the background',
  views: 'none',
  webConfigFile: 'none',
  landingPage: 'a page without name',
  retentionByFamily: 'none',
  sweepInterval: 'the shortest retention',
  partitions: '16 for a cluster, else 1',
  onError: 'a line on stderr',
  onRecovery: 'nothing',
  headers: 'none',
};

function inTable(option: string, value: unknown): string {
  const words = IN_WORDS[option];
  if (words !== undefined) return words;
  if (option === 'now') return '`Date.now`';
  return value === undefined ? 'none' : asDocumented(value);
}

describe('docs/options.md', () => {
  const shared = Object.keys(MEMORY_STORE_DEFAULTS);
  it.each([
    ['createCachedSnapshotReader', CACHE_DEFAULTS, []],
    ['mergeReaders', MERGE_DEFAULTS, []],
    ['createOpenMetricsHandler', HANDLER_DEFAULTS, []],
    ['createRegistryReader', REGISTRY_DEFAULTS, []],
    ['textFileSource', TEXT_FILE_DEFAULTS, []],
    ['expositionSource', EXPOSITION_SOURCE_DEFAULTS, []],
    ['createExporterServer', SERVER_DEFAULTS, []],
    ['createHealthHandler', HEALTH_DEFAULTS, []],
    ['WebConfigFile.load', WEB_CONFIG_FILE_DEFAULTS, []],
    ['createRequestGuard', REQUEST_GUARD_DEFAULTS, []],
    ['parseExposition', PARSE_DEFAULTS, []],
    ['new MemoryStore', MEMORY_STORE_DEFAULTS, []],
    ['LmdbStore.open', LMDB_STORE_DEFAULTS, shared],
    ['RedisStore.open', REDIS_STORE_DEFAULTS, shared],
  ] as const)('has every option of %s, with its default', (call, defaults, elsewhere) => {
    const own = Object.entries(defaults).filter(
      ([option]) => !(elsewhere as readonly string[]).includes(option),
    );
    const documented = table(call);
    if (call === 'createRequestGuard') expect(documented.now).toBe('`performance.now`');
    const expected = own.map(([option, value]) => [
      option,
      call === 'createRequestGuard' && option === 'now' ? documented.now! : inTable(option, value),
    ]);
    expect(documented).toEqual(Object.fromEntries(expected));
  });

  it('has every optional field of every type of options', () => {
    const src = join(REPOSITORY, 'src');
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' });
    const missing: string[] = [];
    let found = 0;
    for (const file of files.filter((name) => /(?<!\.test)\.ts$/.test(name))) {
      const types = readFileSync(join(src, file), 'utf8').matchAll(
        /^export interface (\w+(?:Options|Config|View|Page))\b[^{]*\{\n([\s\S]*?)^\}/gm,
      );
      for (const [, type, body] of types) {
        // What is read from a file is in docs/web-config.md; the suite has the options of stores; a
        // gateway has those of the program.
        if (
          /^(AccessConfig|WebConfig|TlsServerConfig|ReadOptions|SweepOptions|FrameOptions|PushgatewayOptions)$/.test(
            type!,
          )
        )
          continue;
        for (const [, field] of body!.matchAll(/^ {2}readonly (\w+)\?:/gm)) {
          found++;
          if (!page.includes(`\`${field}\``)) missing.push(`${type}.${field} (src/${file})`);
        }
      }
    }
    expect(found).toBeGreaterThan(60);
    expect(missing).toEqual([]);
  });
});
