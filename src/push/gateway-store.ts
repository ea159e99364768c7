import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { SnapscrapeError } from '../model/errors.ts';
import { MemoryStore } from '../stores/memory-store.ts';
import type { MetricStore } from '../stores/metric-store.ts';
import type { GroupSettings } from './group-settings.ts';
import { importState } from './import-state.ts';
import { PushedGroups } from './pushed-groups.ts';

/** What opening the store of a gateway needs. */
export interface StoreSettings extends GroupSettings {
  /** The file of the original's state; the store is the folder of this name with `.lmdb`. */
  readonly persistenceFile: string | undefined;
}

/**
 * Opens the groups of a gateway: in memory, or in an LMDB store beside the persistence file. If
 * there is no store yet but a state file of the original, its groups are taken over; the file stays
 * as it is.
 *
 * @throws SnapscrapeError `invalid_state_file`, and what opening the store throws.
 */
export async function openGroups(settings: StoreSettings): Promise<PushedGroups> {
  const { persistenceFile, log } = settings;
  if (persistenceFile !== undefined) await importOnce(persistenceFile, settings);
  const path = persistenceFile === undefined ? undefined : storePath(persistenceFile);
  const groups = await openStore(path, settings);
  const url = path === undefined ? 'memory:' : `lmdb:${path}`;
  log.info('storage', 'Store opened', { url, groups: groups.index.groups.size });
  return groups;
}

async function openStore(path: string | undefined, settings: GroupSettings): Promise<PushedGroups> {
  const store = await storeAt(path);
  try {
    return await PushedGroups.open(store, settings);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function storeAt(path: string | undefined): Promise<MetricStore> {
  if (path === undefined) return new MemoryStore();
  const { LmdbStore } = await import('../stores/lmdb/index.ts');
  // As the original's file, it is for the user of the gateway alone.
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return LmdbStore.open(path);
}

/** Imports a state file into a store that gets its name only once all of it is there. */
async function importOnce(file: string, settings: StoreSettings): Promise<void> {
  const path = storePath(file);
  if (existsSync(path)) {
    if (isWrittenAfter(file, path)) {
      const msg = 'State file is newer than the store; remove the store to import the file again';
      settings.log.warn('storage', msg, { file, store: path });
    }
    return;
  }
  const bytes = readStateFile(file);
  if (bytes === undefined) {
    settings.log.info('storage', 'No state file; the gateway begins empty', { file });
    return;
  }
  const unfinished = `${path}.importing`;
  rmSync(unfinished, { recursive: true, force: true });
  try {
    const groups = await openStore(unfinished, settings);
    try {
      await importState(groups, bytes, { file, log: settings.log });
    } finally {
      await groups.store.close();
    }
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Whether a file was written after a store was made: the original has run again since then. */
function isWrittenAfter(file: string, store: string): boolean {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const { birthtimeMs: made } = statSync(store);
  // Some file systems do not know when a folder was made.
  return made > 0 && written > made;
}

/** Reads a state file; undefined if there is none. */
function readStateFile(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    const why = READ_PROBLEMS.get(code) ?? `cannot be read: ${message}`;
    throw new SnapscrapeError('invalid_state_file', `The state file ${file} ${why}`, { cause });
  }
}

const FORBIDDEN = 'may not be read; run as its owner, or correct its rights';
const READ_PROBLEMS: ReadonlyMap<string | undefined, string> = new Map([
  ['EACCES', FORBIDDEN],
  ['EPERM', FORBIDDEN],
  ['EISDIR', 'is a folder; give the file, not a folder'],
  ['ENOTDIR', 'is below a file, not a folder; correct the path'],
]);

function storePath(file: string): string {
  return `${file}.lmdb`;
}
