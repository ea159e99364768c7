import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, RootDatabase, RootDatabaseOptions } from 'lmdb';
import { SnapscrapeError } from '../../model/errors.ts';
import { CHANGE_RECORD_ENCODER, SEQUENCE_KEY_ENCODER } from './change-records.ts';
import { checkLmdbFile } from './file-check.ts';
import { StateRecord } from './ledger-state.ts';
import { lmdbFailure, reasonOf } from './lmdb-failure.ts';
import { SAMPLE_PAGE_ENCODER, type SamplePage } from './sample-pages.ts';
import { INDEX_ENTRY_ENCODER, type IndexEntry } from './series-index.ts';
import { SERIES_KEY_ENCODER, type SeriesKey } from './series-key.ts';

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
  /** Metadata of families as JSON. */
  readonly families: Database<Buffer, SeriesKey>;
}

/**
 * Opens a file, or makes it. Rejects with `dependency_missing` where the package lmdb is not installed, and
 * with `store_schema_newer`, `store_forbidden`, `store_full` or `store_unavailable`.
 */
export async function openEnvironment(path: string): Promise<Environment> {
  const lmdb = await loadLmdb();
  let root: RootDatabase | undefined;
  try {
    mkdirSync(path, { recursive: true });
    checkLmdbFile(join(path, 'data.mdb'));
    root = lmdb.open({ path, ...LMDB_OPTIONS });
    const environment = openDatabases(path, root);
    const epoch = randomUUID();
    await root.transaction(() => environment.state.initialize(epoch));
    environment.state.read();
    return environment;
  } catch (cause) {
    await root?.close();
    throw lmdbFailure('open', path, await reasonOf(cause));
  }
}

const LMDB_OPTIONS: RootDatabaseOptions = Object.freeze({
  noSubdir: false,
  maxDbs: 8,
  // With batches by turn, a failed commit also rejects a promise of lmdb's own, which ends the process.
  eventTurnBatching: false,
  // Its second lock is taken while a transaction is open: when a process is killed that holds it, the next one
  // to take it finds itself broken (MDB_PANIC; lmdb 3.5.6, mdb.c, mdb_mutex_failed). A commit without it has
  // reached the disk when it is acknowledged.
  overlappingSync: false,
});

async function loadLmdb(): Promise<typeof import('lmdb')> {
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
    families: openDatabase(root, 'families', {
      keyEncoder: SERIES_KEY_ENCODER,
      encoding: 'binary',
    }),
  };
}

// What lmdb documents as options of every database, its types have for the root alone.
function openDatabase<V, K extends SeriesKey | number>(
  root: RootDatabase,
  name: string,
  options: RootDatabaseOptions,
): Database<V, K> {
  return root.openDB<V, K>(name, options);
}
