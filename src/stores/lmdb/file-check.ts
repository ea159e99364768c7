import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { SnapscrapeError } from '../../model/errors.ts';

// Where LMDB keeps what is checked here, in the first and the second page (lmdb 3, format version 2).
const MAGIC = 0xbeefc0de;
const VERSION = 2;
const AT = { magic: 24, version: 28, pageSize: 48, lastPage: 144, transaction: 152, end: 160 };

/**
 * Looks at a file before LMDB does: one that is none of LMDB's, or one that was cut short, would end the
 * process instead of being an error. No file, or an empty one, is one to be made.
 *
 * Throws `store_unavailable`.
 */
export function checkLmdbFile(file: string): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  const descriptor = openSync(file, 'r');
  try {
    const first = readPage(descriptor, 0);
    if (first.magic !== MAGIC) throw unusable(file, 'is no LMDB file; give another folder');
    // Another format has its numbers elsewhere, and LMDB refuses it by itself.
    if (first.version !== VERSION) return;
    const second = readPage(descriptor, first.pageSize);
    const { lastPage } = second.transaction > first.transaction ? second : first;
    // The size is read last, as others may be writing: they make a file longer before they say so.
    if ((lastPage + 1) * first.pageSize > fstatSync(descriptor).size) {
      throw unusable(file, 'was cut short; restore it from a copy, or remove it to begin anew');
    }
  } finally {
    closeSync(descriptor);
  }
}

function readPage(
  descriptor: number,
  position: number,
): Record<Exclude<keyof typeof AT, 'end'>, number> {
  const bytes = Buffer.alloc(AT.end);
  readSync(descriptor, bytes, 0, AT.end, position);
  return {
    magic: bytes.readUInt32LE(AT.magic),
    version: bytes.readUInt32LE(AT.version),
    pageSize: bytes.readUInt32LE(AT.pageSize),
    lastPage: Number(bytes.readBigUInt64LE(AT.lastPage)),
    transaction: Number(bytes.readBigUInt64LE(AT.transaction)),
  };
}

function unusable(file: string, why: string): SnapscrapeError {
  return new SnapscrapeError('store_unavailable', `${file} ${why}`);
}
