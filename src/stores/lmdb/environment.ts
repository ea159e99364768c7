import { randomUUID } from 'node:crypto';
import { endianness } from 'node:os';
import type { Database, RootDatabase, RootDatabaseOptions } from 'lmdb';
import { SnapscrapeError } from '../../model/errors.ts';
import { CHANGE_RECORD_ENCODER, SEQUENCE_KEY_ENCODER } from './change-records.ts';
import { StateRecord } from './ledger-state.ts';
import { lmdbFailure, reasonOf } from './lmdb-failure.ts';
import { LMDB_STORE_DEFAULTS } from './lmdb-store-options.ts';
import { SAMPLE_PAGE_ENCODER, type SamplePage } from './sample-pages.ts';
import { INDEX_ENTRY_ENCODER, type IndexEntry } from './series-index.ts';
import { SERIES_KEY_ENCODER, type SeriesKey } from './series-key.ts';
import { checkDescriptors, prepareFiles } from './store-files.ts';

/** The databases of one LMDB file, opened. */
export interface Environment {
  /** The folder that the file is in. */
  readonly path: string;
  /** For transactions and what concerns the whole file. */
  readonly root: RootDatabase;
  /** The state of the whole. */
  readonly state: StateRecord;
  /** Series ids to slots. */
  readonly series: Database<IndexEntry, SeriesKey>;
  /** Pages of values and times. */
  readonly samples: Database<SamplePage, number>;
  /** The numbers of pages that may have free slots. */
  readonly gaps: Database<Buffer, number>;
  /** The log of changes. */
  readonly changes: Database<string[], number>;
  /** When each writer wrote last. */
  readonly writers: Database<Buffer, string>;
  /** Metadata of families as JSON. */
  readonly families: Database<Buffer, SeriesKey>;
  /** Slots to payloads that are texts. */
  readonly texts: Database<Buffer, number>;
  /** Groups as JSON, by their keys. */
  readonly groups: Database<Buffer, SeriesKey>;
  /** Numbers of groups to their keys and, behind these, those of the series that they own. */
  readonly members: Database<string[], number>;
  /** Slots to the numbers of the groups that own the series in them. */
  readonly owners: Database<Buffer, number>;
}

/**
 * Opens a file, or makes it. Rejects with `dependency_missing` if the package lmdb is not
 * installed, and with `store_schema_newer`, `store_forbidden`, `store_full` or `store_unavailable`.
 *
 * @param maxReaders - see {@link LmdbStoreOptions}.
 * @param keepsLayout - whether a file of an older version is left as it is, because it is only
 *   read. Default: it is made one of this version.
 */
export async function openEnvironment(
  path: string,
  maxReaders: number = LMDB_STORE_DEFAULTS.maxReaders,
  { keepsLayout = false }: { readonly keepsLayout?: boolean } = {},
): Promise<Environment> {
  checkMachine();
  const { open } = await loadLmdb();
  try {
    await prepareFiles(path, maxReaders, async (folder) => {
      const made = await openFolder(open, folder, maxReaders);
      await made.root.close();
    });
    const environment = await openFolder(open, path, maxReaders);
    // What layout 1 has means the same in layout 2. Programs that know only layout 1 see it, also
    // while they have the file open, before anything is written that they would not understand.
    if (environment.state.isOlder() && !keepsLayout) {
      await environment.root.transaction(() => environment.state.upgrade());
    }
    return environment;
  } catch (cause) {
    throw lmdbFailure('open', path, await reasonOf(cause));
  }
}

async function openFolder(
  open: typeof import('lmdb').open,
  path: string,
  maxReaders: number,
): Promise<Environment> {
  checkDescriptors();
  const root = open({ path, ...LMDB_OPTIONS, maxReaders });
  try {
    const environment = openDatabases(path, root);
    if (!environment.state.exists()) {
      const epoch = randomUUID();
      await root.transaction(() => environment.state.initialize(epoch));
    }
    const { series } = environment.state.read();
    if (series > 0 && [...environment.series.getKeys({ limit: 1 })].length === 0) {
      throw new SnapscrapeError(
        'store_unavailable',
        `The LMDB store at ${path} has lost its series; restore data.mdb from a copy, or remove it to begin with an empty store`,
      );
    }
    return environment;
  } catch (error) {
    await root.close();
    throw error;
  }
}

// The architectures of Node.js that have 32 bits.
const NARROW: ReadonlySet<string> = new Set(['arm', 'ia32', 'mips', 'mipsel', 'ppc', 's390']);

const LMDB_OPTIONS: RootDatabaseOptions = Object.freeze({
  noSubdir: false,
  maxDbs: 12,
  // With batches by turn, a failed commit also rejects a promise of lmdb's own, which ends the
  // process.
  eventTurnBatching: false,
  // Its second lock is taken while a transaction is open: when a process is killed that holds it,
  // the next one to take it finds itself broken (MDB_PANIC; lmdb 3.5.6, mdb.c, mdb_mutex_failed). A
  // commit without it has reached the disk when it is acknowledged.
  overlappingSync: false,
});

// Elsewhere LMDB's files are laid out in other ways, which neither our checks nor our tests know.
function checkMachine(): void {
  if (endianness() === 'LE' && !NARROW.has(process.arch)) return;
  throw new SnapscrapeError(
    'store_unavailable',
    `LmdbStore needs a 64-bit little-endian machine, such as x64 or arm64, and this one is ${process.arch}; use a RedisStore`,
  );
}

async function loadLmdb(): Promise<typeof import('lmdb')> {
  const library = await importLmdb();
  // Versions that this was never tested with do not export theirs; some write other files.
  if ('version' in library) return library;
  throw new SnapscrapeError(
    'dependency_missing',
    'LmdbStore needs version 3.5 of the package lmdb, or a newer one, and an older one is installed; ' +
      'install it: npm install lmdb@3',
  );
}

async function importLmdb(): Promise<typeof import('lmdb')> {
  try {
    return await import('lmdb');
  } catch (cause) {
    throw new SnapscrapeError(
      'dependency_missing',
      'LmdbStore needs the package lmdb, which cannot be loaded; install it: npm install lmdb',
      { cause },
    );
  }
}

function openDatabases(path: string, root: RootDatabase): Environment {
  const meta: Database<Buffer, string> = openDatabase(root, 'meta', { encoding: 'binary' });
  return {
    path,
    root,
    state: new StateRecord(meta, path),
    series: openDatabase(root, 'series', {
      keyEncoder: SERIES_KEY_ENCODER,
      encoder: INDEX_ENTRY_ENCODER,
    }),
    samples: openDatabase(root, 'samples', {
      keyEncoding: 'uint32',
      encoder: SAMPLE_PAGE_ENCODER,
    }),
    gaps: openDatabase(root, 'gaps', { keyEncoding: 'uint32', encoding: 'binary' }),
    changes: openDatabase(root, 'changes', {
      keyEncoder: SEQUENCE_KEY_ENCODER,
      encoder: CHANGE_RECORD_ENCODER,
    }),
    writers: openDatabase(root, 'writers', { encoding: 'binary' }),
    families: openDatabase(root, 'families', {
      keyEncoder: SERIES_KEY_ENCODER,
      encoding: 'binary',
    }),
    texts: openDatabase(root, 'texts', { keyEncoding: 'uint32', encoding: 'binary' }),
    groups: openDatabase(root, 'groups', { keyEncoder: SERIES_KEY_ENCODER, encoding: 'binary' }),
    members: openDatabase(root, 'members', {
      keyEncoder: SEQUENCE_KEY_ENCODER,
      encoder: CHANGE_RECORD_ENCODER,
    }),
    owners: openDatabase(root, 'owners', { keyEncoding: 'uint32', encoding: 'binary' }),
  };
}

// What lmdb documents as options of every database, its types have for the root alone.
function openDatabase<V, K extends SeriesKey | number | string>(
  root: RootDatabase,
  name: string,
  options: RootDatabaseOptions,
): Database<V, K> {
  return root.openDB<V, K>(name, options);
}
