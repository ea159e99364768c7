import { statfsSync } from 'node:fs';
import { SnapscrapeError, type SnapscrapeErrorCode } from '../../model/errors.ts';

const FULL = /MDB_MAP_FULL|ENOSPC|No space left|EDQUOT|quota|EFBIG|File too large/i;
const FORBIDDEN = /EACCES|EPERM|EROFS|Permission denied|Read-only file system|not permitted/i;
// A full disk takes part of a write, which LMDB calls an input/output error.
const PARTIAL = /EIO|Input\/output error/i;
const READERS_FULL = /MDB_READERS_FULL/;
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/ENOTDIR|EEXIST/, 'a part of its path is a file; give another path'],
  [/ELOOP/, 'a link in its path leads to itself; remove the link'],
  [/EMFILE|ENFILE/, 'this process may open no more files; raise its limit (ulimit -n)'],
  [
    /EIO|Input\/output error/,
    'its disk reports an input/output error; repair the file system, or move the folder to another disk',
  ],
  [/MDB_PANIC/, 'its disk failed in the middle of a write; restart the process to open it again'],
  [/ENAMETOOLONG/, 'its path is too long; give a shorter one'],
];
const LITTLE_ROOM_BYTES = 4 * 1024 * 1024;

/**
 * The coded error for what LMDB or the file system threw. Errors that have a code of ours stay as
 * they are.
 *
 * @param action - what was tried, as a verb.
 */
export function lmdbFailure(action: string, path: string, cause: unknown): SnapscrapeError {
  if (cause instanceof SnapscrapeError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const [code, remedy] = remedyOf(text, path);
  return new SnapscrapeError(code, `Could not ${action} the LMDB store at ${path}: ${remedy}`, {
    cause,
  });
}

/** Whether LMDB has no place for another reader. */
export function isReadersFull(cause: unknown): boolean {
  return cause instanceof Error && READERS_FULL.test(cause.message);
}

function remedyOf(text: string, path: string): readonly [SnapscrapeErrorCode, string] {
  if (READERS_FULL.test(text)) {
    return [
      'store_unavailable',
      'too many readers: each open snapshot and each process takes a place. Read fewer at once, or raise maxReaders in all processes and restart them',
    ];
  }
  if (FULL.test(text) || (PARTIAL.test(text) && hasLittleRoom(path))) {
    return [
      'store_full',
      'there is no room on its disk; free some. What was acknowledged is there',
    ];
  }
  if (FORBIDDEN.test(text)) {
    return [
      'store_forbidden',
      'this process may not write there; correct the rights of the folder',
    ];
  }
  const [, remedy] = REMEDIES.find(([pattern]) => pattern.test(text)) ?? [];
  return ['store_unavailable', remedy ?? 'see the cause; the folder must be on a local disk'];
}

function hasLittleRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize < LITTLE_ROOM_BYTES;
  } catch {
    return false;
  }
}

/**
 * Why a commit failed: lmdb tells it by a promise on the error, which must not be left unhandled.
 */
export async function reasonOf(thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof Error) || !('commitError' in thrown)) return thrown;
  try {
    await thrown.commitError;
    return thrown;
  } catch (error) {
    return error;
  }
}
