import { crc32 } from 'node:zlib';
import type { Database, Transaction } from 'lmdb';
import { SnapscrapeError } from '../../model/errors.ts';

/**
 * The layout of the file. Version 1: databases `meta` (state, epoch), `series` (id to slot),
 * `samples` (pages of slots), `gaps` (pages with free slots), `changes` (log) and `families`.
 * Version 2 adds `texts` (slot to payload), `groups`, `members` and `owners` (slot to group). A
 * version that cannot be read by this code raises it; the first eight bytes of the state are the
 * version in every layout.
 */
const SCHEMA_VERSION = 2;
const OLDEST_SCHEMA = 1;

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
const GROUPS = 'groups';

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

  /** Whether an older version wrote the file. */
  isOlder(): boolean {
    const schema = schemaOf(this.#meta.get(STATE));
    return schema >= OLDEST_SCHEMA && schema < SCHEMA_VERSION;
  }

  /** Writes the state as this version does, within a write transaction. */
  upgrade(): void {
    if (this.isOlder()) this.write(this.read());
  }

  /** A number that no group has had, within a write transaction. */
  nextGroup(): number {
    const number = this.#number(GROUPS) + 1;
    this.#putNumber(GROUPS, number);
    return number;
  }

  /** The name of this data set, which tells its cursors from all others'. */
  epoch(): string {
    return this.#meta.get(EPOCH)?.toString() ?? '';
  }

  /** How often families were written, as it is in a read transaction or in the current write. */
  familyVersion(transaction?: Transaction): number {
    return this.#number(FAMILIES, transaction);
  }

  /** Notes that families were written, within a write transaction. */
  writeFamilyVersion(version: number): void {
    this.#putNumber(FAMILIES, version);
  }

  /**
   * Reads the state, in a read transaction or, without one, in the current write.
   *
   * Throws `store_schema_newer` when a newer version of this package has changed the file, also
   * while it is open here.
   */
  read(transaction?: Transaction): LedgerState {
    const bytes = this.#meta.get(STATE, transaction === undefined ? undefined : { transaction });
    const schema = schemaOf(bytes);
    if (Number.isSafeInteger(schema) && schema > SCHEMA_VERSION) {
      throw new SnapscrapeError(
        'store_schema_newer',
        `The LMDB store at ${this.#path} has layout ${schema}, and this version of snapscrape reads ${SCHEMA_VERSION}; update snapscrape here too`,
      );
    }
    if (bytes === undefined || !(schema >= OLDEST_SCHEMA) || !isSound(bytes)) {
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

  #number(key: string, transaction?: Transaction): number {
    const bytes = this.#meta.get(key, transaction && { transaction });
    return bytes?.length === 8 ? bytes.readDoubleLE(0) : 0;
  }

  #putNumber(key: string, number: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(number);
    this.#meta.putSync(key, bytes);
  }
}

function schemaOf(bytes: Buffer | undefined): number {
  return bytes !== undefined && bytes.length >= 8 ? bytes.readDoubleLE(0) : Number.NaN;
}

function isSound(bytes: Buffer): boolean {
  if (bytes.length === OLD_BYTES) return true;
  if (bytes.length !== STORED_BYTES) return false;
  return crc32(bytes.subarray(0, -4)) === bytes.readUInt32LE(STORED_BYTES - 4);
}
