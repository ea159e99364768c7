import { crc32 } from 'node:zlib';
import type { Database, Transaction } from 'lmdb';
import { SnapscrapeError } from '../../model/errors.ts';

/**
 * The layout of the file. Version 1: databases `meta` (state, epoch), `series` (id to slot),
 * `samples` (pages of slots), `gaps` (pages with free slots), `changes` (log) and `families`. A
 * version that cannot be read by this code raises it; the first eight bytes of the state are the
 * version in every layout.
 */
const SCHEMA_VERSION = 1;

/** What is known of the whole file; it is read and written in the transactions that change it. */
export interface LedgerState {
  /** The number of changes since the file was made. */
  sequence: number;
  /** The number of changes that are no longer remembered. */
  oldest: number;
  /** How many series there are. */
  series: number;
  /** How many slots there are, free ones included. */
  slots: number;
  /**
   * The sum of the checksums of all ids and their slots, modulo 2³². NaN in a file whose series an
   * older version wrote.
   */
  idSum: number;
}

/** The part of `idSum` that a series has. */
export function idChecksum(id: string, slot: number): number {
  return crc32(id, slot);
}

const SUMS = 0x1_0000_0000;
const NUMBERS = 6;
// Behind the numbers: a checksum of them. Older versions read and write the first five numbers
// alone.
const STORED_BYTES = 8 * NUMBERS + 4;
const OLD_BYTES = 40;

const STATE = 'state';
const EPOCH = 'epoch';
const FAMILIES = 'families';

/** A file's own numbers and name, in the database `meta`. */
export class StateRecord {
  readonly #meta: Database<Buffer, string>;
  readonly #path: string;

  /** @param path - where the file is, named in errors. */
  constructor(meta: Database<Buffer, string>, path: string) {
    this.#meta = meta;
    this.#path = path;
  }

  /** Whether the file has a state: one that was just made has none. */
  exists(): boolean {
    return this.#meta.get(STATE) !== undefined;
  }

  /** Makes the first state if there is none; within a write transaction. */
  initialize(epoch: string): void {
    if (this.#meta.get(STATE) !== undefined) return;
    this.#meta.putSync(EPOCH, Buffer.from(epoch));
    this.write({ sequence: 0, oldest: 0, series: 0, slots: 0, idSum: 0 });
  }

  /** The name of this data set, which tells its cursors from all others'. */
  epoch(): string {
    return this.#meta.get(EPOCH)?.toString() ?? '';
  }

  /** How often families were written, as it is in a read transaction or in the current write. */
  familyVersion(transaction?: Transaction): number {
    const bytes = this.#meta.get(FAMILIES, transaction === undefined ? undefined : { transaction });
    return bytes?.length === 8 ? bytes.readDoubleLE(0) : 0;
  }

  /** Notes that families were written, within a write transaction. */
  writeFamilyVersion(version: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(version);
    this.#meta.putSync(FAMILIES, bytes);
  }

  /**
   * Reads the state, in a read transaction or, without one, in the current write.
   *
   * Throws `store_schema_newer` when a newer version of this package has changed the file, also
   * while it is open here.
   */
  read(transaction?: Transaction): LedgerState {
    const bytes = this.#meta.get(STATE, transaction === undefined ? undefined : { transaction });
    const schema = bytes !== undefined && bytes.length >= 8 ? bytes.readDoubleLE(0) : Number.NaN;
    if (Number.isSafeInteger(schema) && schema > SCHEMA_VERSION) {
      throw new SnapscrapeError(
        'store_schema_newer',
        `The LMDB store at ${this.#path} has layout ${schema}, and this version of snapscrape reads ${SCHEMA_VERSION}; update snapscrape here too`,
      );
    }
    if (bytes === undefined || schema !== SCHEMA_VERSION || !isSound(bytes)) {
      throw new SnapscrapeError(
        'store_unavailable',
        `The record of the LMDB store at ${this.#path} that counts its series is damaged; restore data.mdb from a copy, or remove it to begin with an empty store`,
      );
    }
    const series = bytes.readDoubleLE(24);
    const hasSum = bytes.length === STORED_BYTES;
    return {
      sequence: bytes.readDoubleLE(8),
      oldest: bytes.readDoubleLE(16),
      series,
      slots: bytes.readDoubleLE(32),
      idSum: series === 0 ? 0 : hasSum ? bytes.readDoubleLE(40) : Number.NaN,
    };
  }

  /** Writes the state, within a write transaction. */
  write({ sequence, oldest, series, slots, idSum }: LedgerState): void {
    const bytes = Buffer.alloc(STORED_BYTES);
    const sum = ((idSum % SUMS) + SUMS) % SUMS;
    for (const [i, number] of [SCHEMA_VERSION, sequence, oldest, series, slots, sum].entries()) {
      bytes.writeDoubleLE(number, i * 8);
    }
    bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), STORED_BYTES - 4);
    this.#meta.putSync(STATE, bytes);
  }
}

function isSound(bytes: Buffer): boolean {
  if (bytes.length === OLD_BYTES) return true;
  if (bytes.length !== STORED_BYTES) return false;
  return crc32(bytes.subarray(0, -4)) === bytes.readUInt32LE(STORED_BYTES - 4);
}
