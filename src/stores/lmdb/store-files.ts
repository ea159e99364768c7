import { randomUUID } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  statfsSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { devNull } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { SnapscrapeError } from '../../model/errors.ts';
import { structureFault } from './page-check.ts';
import { PageFile } from './page-file.ts';

// Two of LMDB's largest pages: it cannot open a new file with less. Beyond that it has errors of
// its own.
const NEW_FILE_BYTES = 128 * 1024;
// The head of LMDB's lock file on Linux, and what each reader takes. LMDB makes a shorter one
// longer.
const LOCK_HEAD_BYTES = 208;
const READER_BYTES = 64;
const BLOCK_BYTES = 512;
// What others may take until a file's blocks are written.
const LITTLE_ROOM_BYTES = 64 * 1024;
// The structure of files up to this size is checked whenever they are opened: some 70 ms.
const ALWAYS_CHECKED_BYTES = 64 * 1024 * 1024;
const FILE_MODE = 0o664;
// LMDB opens three files, and one that it closes again.
const DESCRIPTORS = 4;
// What is made first under names of its own, and how old what a killed process left has to be.
const LEFTOVER = /^(data|lock)\.mdb\.(new|unfinished)-/;
const LEFTOVER_MS = 600_000;

/**
 * Makes sure that LMDB can open the files in a folder, and makes them if they are missing. When its
 * own open fails, LMDB ends the process (lmdb 3.5.6), so whatever can make it fail is checked
 * before.
 *
 * A new data file appears at once and complete: it is made in a folder of its own and linked. So a
 * loss of power leaves either none or a sound one.
 *
 * @param path - the store's folder.
 * @param maxReaders - how many places for readers a new lock file has.
 * @param make - makes a store's data file, with LMDB, in the folder that it is given.
 */
export async function prepareFiles(
  path: string,
  maxReaders: number,
  make: (folder: string) => Promise<void>,
): Promise<void> {
  makeFolder(resolve(path));
  if (!statSync(path).isDirectory()) throw unusable(path, 'is not a folder; give another path');
  accessSync(path, constants.X_OK);
  removeLeftovers(path);
  const data = join(path, 'data.mdb');
  if (!isFile(data) || (await setAsideUnfinished(data)))
    await makeDataFile(path, data, maxReaders, make);
  prepareLockFile(path, maxReaders);
  const fault = await PageFile.with(data, faultOf);
  if (fault !== undefined) throw unusable(data, fault);
}

async function faultOf(file: PageFile): Promise<string | undefined> {
  const head = file.head();
  if (head.kind === 'unusable') return head.why;
  if (head.kind === 'unfinished') return 'is being made; open it again';
  const inUse = (head.meta.lastPage + 1) * head.meta.pageSize;
  const isChecked = file.bytes < inUse || file.bytes <= ALWAYS_CHECKED_BYTES;
  return isChecked ? structureFault(file) : undefined;
}

/** Makes a folder, and those above it, so that they are there after a loss of power too. */
function makeFolder(path: string): void {
  if (statsOf(path) !== undefined) return;
  const above = dirname(path);
  makeFolder(above);
  try {
    mkdirSync(path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  syncFolder(above);
}

/**
 * Removes what processes left that were killed while they made a store; younger things may be in
 * use.
 */
function removeLeftovers(path: string): void {
  try {
    for (const name of readdirSync(path)) {
      const left = join(path, name);
      if (!LEFTOVER.test(name) || Date.now() - statSync(left).mtimeMs < LEFTOVER_MS) continue;
      rmSync(left, { recursive: true, force: true });
    }
  } catch {
    // Without the right to remove them they stay, and do no harm.
  }
}

async function makeDataFile(
  path: string,
  data: string,
  maxReaders: number,
  make: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(`${data}.new-`);
  try {
    const reserved = join(folder, 'reserved');
    writeFileSync(reserved, Buffer.alloc(NEW_FILE_BYTES), { flush: true });
    writeFileSync(join(folder, 'lock.mdb'), Buffer.alloc(lockBytes(maxReaders)), { flush: true });
    unlinkSync(reserved);
    await make(folder);
    const made = join(folder, 'data.mdb');
    syncFile(made, 'r+');
    appear(made, data);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  syncFolder(path);
}

/**
 * Makes sure that the lock file is there with all of its blocks: LMDB maps it into memory, and a
 * block that the disk has no room for ends the process when it is touched.
 *
 * The file is never opened here: closing it would give back the locks that LMDB has on it in this
 * process.
 */
function prepareLockFile(path: string, maxReaders: number): void {
  const lock = join(path, 'lock.mdb');
  const bytes = lockBytes(maxReaders);
  if (isFile(lock)) {
    assertUsable(lock);
    const { size, blocks } = statSync(lock);
    const missing = Math.max(size, bytes) - blocks * BLOCK_BYTES;
    if (missing > 0 && roomAt(path) < missing + LITTLE_ROOM_BYTES) {
      throw new SnapscrapeError('store_full', `${lock} has no room on its disk; free some`);
    }
    return;
  }
  const made = `${lock}.new-${randomUUID()}`;
  try {
    writeFileSync(made, Buffer.alloc(bytes), { flush: true, flag: 'wx', mode: FILE_MODE });
    appear(made, lock);
  } finally {
    rmSync(made, { force: true });
  }
}

function lockBytes(maxReaders: number): number {
  return LOCK_HEAD_BYTES + maxReaders * READER_BYTES;
}

/** Gives a finished file its name, unless another process was first. */
function appear(made: string, name: string): void {
  try {
    linkSync(made, name);
  } catch {
    // FAT and some shared folders have no hard links. There two processes may be too close to see.
    if (statsOf(name) === undefined) renameSync(made, name);
  }
}

/** Moves a file away that was never finished; returns whether there was one. */
async function setAsideUnfinished(data: string): Promise<boolean> {
  const aside = `${data}.unfinished-${randomUUID()}`;
  try {
    if (!(await PageFile.with(data, isUnfinished))) return false;
    renameSync(data, aside);
  } catch (error) {
    // Another process has just moved it.
    if (hasCode(error, 'ENOENT')) return true;
    throw error;
  }
  // Another process may have made a sound file in between; then it gets its name back.
  if (!(await PageFile.with(aside, isUnfinished))) appear(aside, data);
  rmSync(aside, { force: true });
  return true;
}

function isUnfinished(file: PageFile): boolean {
  return file.head().kind === 'unfinished';
}

/** Whether there is a regular file; throws if there is anything else. */
export function isFile(file: string): boolean {
  const named = statsOf(file);
  if (named === undefined) return false;
  const found = named.isSymbolicLink() ? statsOf(file, statSync) : named;
  if (found === undefined) {
    throw unusable(file, 'is a link to a file that does not exist; remove the link');
  }
  if (found.isFile()) return true;
  throw unusable(file, `is ${kindOf(found)} and not a file; remove it or give another folder`);
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder';
  if (found.isFIFO()) return 'a named pipe';
  return found.isSocket() ? 'a socket' : 'a device';
}

/** What is at a path, a link itself unless `look` follows it; undefined if nothing is. */
function statsOf(path: string, look: (path: string) => Stats = lstatSync): Stats | undefined {
  try {
    return look(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Throws `EACCES` unless this process may read and write a file, without opening it. */
function assertUsable(file: string): void {
  accessSync(file, constants.R_OK | constants.W_OK);
  // `access` looks at the real user; LMDB's open counts the effective one.
  const user = process.geteuid?.() ?? 0;
  if (user === 0 || user === process.getuid?.()) return;
  const { mode, uid, gid } = statSync(file);
  const groups = [process.getegid?.(), ...(process.getgroups?.() ?? [])];
  const shift = uid === user ? 6 : groups.includes(gid) ? 3 : 0;
  if (((mode >> shift) & 6) !== 6) {
    throw Object.assign(new Error(`EACCES: permission denied, open '${file}'`), { code: 'EACCES' });
  }
}

function roomAt(path: string): number {
  const { bavail, bfree, blocks, bsize } = statfsSync(path);
  // Some file systems do not say.
  if (blocks === 0) return Number.POSITIVE_INFINITY;
  return (process.geteuid?.() === 0 ? bfree : bavail) * bsize;
}

/** Throws what the system says unless this process may open as many more files as LMDB needs. */
export function checkDescriptors(): void {
  const opened: number[] = [];
  try {
    while (opened.length < DESCRIPTORS) opened.push(openSync(devNull, 'r'));
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

/** Asks the disk to keep the names in a folder. Not every system can, or lets every user. */
function syncFolder(folder: string): void {
  try {
    syncFile(folder, 'r');
  } catch {
    // Nothing is lost but, with the power, a store of the last seconds.
  }
}

function syncFile(path: string, flags: string): void {
  const descriptor = openSync(path, flags);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

function unusable(file: string, why: string): SnapscrapeError {
  return new SnapscrapeError('store_unavailable', `${file} ${why}`);
}
