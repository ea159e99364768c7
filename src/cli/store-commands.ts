import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { createOpenMetricsHandler } from '../http/handler.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { parseExposition } from '../parse/index.ts';
import { createStore } from '../stores/create-store.ts';
import { LmdbStore } from '../stores/lmdb/lmdb-store.ts';
import type { MetricStore } from '../stores/metric-store.ts';
import { BCRYPT_PROGRAM } from '../web/bcrypt-program.ts';
import { readBounded, readProblem } from '../web/file-text.ts';
import type { Asked, FlagCommand, Terminal } from './command.ts';
import { flagsOf } from './settings/flags.ts';
import { usage } from './settings/problems.ts';
import { readFlags } from './settings/read-settings.ts';
import { type FlagsOf, leaf, optional, required } from './settings/shape.ts';
import { choice, count, PATH, text } from './settings/value-types.ts';
import { dumpLines } from './store-dump.ts';
import { loadLines } from './store-load.ts';

interface StoreFlags {
  readonly 'storage.url': string | undefined;
  readonly 'storage.url-file': string | undefined;
  readonly format: 'ndjson' | 'text';
}

const STORE_FLAGS: FlagsOf<StoreFlags> = {
  'storage.url': optional(text('url'), 'The store: lmdb:/var/lib/snapscrape, redis://host.'),
  'storage.url-file': optional(PATH, 'A file with the URL, which may have a password.'),
  format: leaf(choice('ndjson', 'text'), 'ndjson', 'All that is stored, or a page of its series.'),
};

/** `snapscrape dump`: standard output is the dump alone. */
export const DUMP_COMMAND: FlagCommand = {
  name: 'snapscrape dump',
  usage: 'snapscrape dump --storage.url=<url> [flags]',
  description: `Writes a store to standard output, one JSON value on each line: families, groups with
their expiry and their push times, and series.`,
  flags: flagsOf(undefined, STORE_FLAGS),
  run: (asked, terminal) =>
    withStore(
      asked,
      async (store, format) => {
        const chunks = format === 'ndjson' ? joined(dumpLines(store)) : pageOf(store);
        try {
          for await (const chunk of chunks) await terminal.write(chunk);
          return 0;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
          // A reader such as `head` has what it wants; behind `pipefail` a backup is not whole.
          return 1;
        }
      },
      true,
    ),
};

const CHUNK_LENGTH = 65_536;

/** Joins lines, so that they are written many at a time. */
async function* joined(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

async function* pageOf(store: MetricStore): AsyncGenerator<Uint8Array> {
  const handler = createOpenMetricsHandler(store, { selfMetrics: false });
  const response = await handler.fetch(new Request('http://localhost/'));
  if (!response.ok) throw new SnapscrapeError('scrape_failed', 'The store could not be read');
  yield* response.body as unknown as AsyncIterable<Uint8Array>;
}

/** `snapscrape load`. */
export const LOAD_COMMAND: FlagCommand = {
  name: 'snapscrape load',
  usage: 'snapscrape load --storage.url=<url> [flags]',
  description: `Reads what snapscrape dump wrote from standard input into a store. What the store has
besides stays; a group is replaced as a whole.`,
  flags: flagsOf(undefined, STORE_FLAGS),
  run: (asked, terminal) =>
    withStore(asked, async (store, format) => {
      const loaded =
        format === 'ndjson'
          ? await loadLines(store, terminal.input)
          : await loadText(store, terminal);
      terminal.error(`${loaded} series were loaded\n`);
      return 0;
    }),
};

const MOST_BYTES = 2 ** 30;

async function loadText(store: MetricStore, { input }: Terminal): Promise<number> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of input) {
    length += parts[parts.push(Buffer.from(part as Uint8Array)) - 1]!.length;
    if (length <= MOST_BYTES) continue;
    throw new SnapscrapeError('input_failed', `the page is longer than ${MOST_BYTES} bytes`);
  }
  const bytes = Buffer.concat(parts);
  const page = parseExposition(bytes, {
    format: 'text',
    rules: 'prometheus',
    maxBytes: MOST_BYTES,
    // A store may hold more families than a page should.
    maxFamilies: 10_000_000,
  });
  await store.setFamilies(page.families.filter(({ type }) => type !== undefined));
  const { refused, refusals } = await store.upsert(page.points);
  if (refused > 0) {
    const message = `${refused} series were rejected, the first because of ${refusals[0]?.reason}`;
    throw new SnapscrapeError('input_failed', message);
  }
  return page.points.length;
}

async function withStore(
  { args, environment }: Asked,
  use: (store: MetricStore, format: StoreFlags['format']) => Promise<number>,
  mustExist = false,
): Promise<number> {
  const given = { args, environment, file: undefined };
  const flags = readFlags(DUMP_COMMAND.flags, STORE_FLAGS, given);
  // A failure ends the command, which then reports it.
  const url = await urlOf(flags);
  if (url.startsWith('memory:')) throw usage(`--storage.url: ${MEMORY}`);
  if (mustExist) assertThere(url);
  const store = await createStore(url, { onError: () => undefined });
  try {
    return await use(store, flags.format);
  } finally {
    await store.close();
  }
}

const MEMORY =
  'a memory: store ends with its process and is in no other; give an lmdb: or redis: store';

/** Opening an LMDB store would make it, and its dump would be an empty one. */
function assertThere(url: string): void {
  const folder = url.replace(/^lmdb:(?:\/\/(?=\/))?/, '');
  if (folder === url || existsSync(join(folder, 'data.mdb'))) return;
  throw usage(`--storage.url: there is no LMDB store at ${folder}; give the folder of data.mdb`);
}

async function urlOf(flags: StoreFlags): Promise<string> {
  const { 'storage.url': url, 'storage.url-file': file } = flags;
  if (url !== undefined && file === undefined) return url;
  if (file === undefined || url !== undefined) {
    throw usage('give --storage.url or --storage.url-file, one of the two');
  }
  try {
    return (await readBounded(file)).toString('utf8').trim();
  } catch (cause) {
    throw usage(`--storage.url-file: ${file} ${readProblem(cause)}`);
  }
}

const VERIFY_FLAGS: FlagsOf<{ readonly 'storage.path': string }> = {
  'storage.path': required(PATH, 'The folder of the store.'),
};

/** `snapscrape verify`: 0 for a sound file, 1 for a damaged one. */
export const VERIFY_COMMAND: FlagCommand = {
  name: 'snapscrape verify',
  usage: 'snapscrape verify --storage.path=<folder>',
  description: 'Reads the whole file of an LMDB store and says what is damaged.',
  flags: flagsOf(undefined, VERIFY_FLAGS),
  run: async ({ args, environment }, { out }) => {
    const flags = readFlags(VERIFY_COMMAND.flags, VERIFY_FLAGS, {
      args,
      environment,
      file: undefined,
    });
    if (flags['storage.path'] === undefined) throw usage('--storage.path is missing');
    const { series, faults } = await LmdbStore.verify(flags['storage.path']);
    for (const fault of faults) out(`${fault}\n`);
    if (faults.length === 0) out(`nothing is wrong; ${series} series\n`);
    return faults.length === 0 ? 0 : 1;
  },
};

const HASH_FLAGS: FlagsOf<{ readonly cost: number }> = {
  cost: leaf(count(4, 16), 10, 'The cost; each step doubles the time of a guess.'),
};

/** `snapscrape hash-password`: the password is the first line of standard input. */
export const HASH_COMMAND: FlagCommand = {
  name: 'snapscrape hash-password',
  usage: 'snapscrape hash-password [flags] < file',
  description: `Reads a password from the first line of standard input and writes its bcrypt hash, for
basic_auth_users.`,
  flags: flagsOf(undefined, HASH_FLAGS),
  run: async ({ args, environment }, { input, out }) => {
    const { cost } = readFlags(HASH_COMMAND.flags, HASH_FLAGS, {
      args,
      environment,
      file: undefined,
    });
    let given = '';
    for await (const part of input) {
      given += String(part);
      if (given.includes('\n') || given.length > 1000) break;
    }
    const [password = ''] = given.split(/\r?\n/, 1);
    if (password === '') throw usage('the password is empty; write it to standard input');
    if (Buffer.byteLength(password) > 72) {
      throw usage('the password has more than 72 bytes, of which bcrypt ignores the rest');
    }
    const worker = new Worker(BCRYPT_PROGRAM, { eval: true, execArgv: [], env: {} });
    worker.postMessage({ password, cost });
    const [hash] = (await once(worker, 'message')) as [string];
    await worker.terminate();
    out(`${hash}\n`);
    return 0;
  },
};
