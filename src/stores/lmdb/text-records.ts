import { crc32 } from 'node:zlib';
import type { Database, Transaction } from 'lmdb';

/**
 * Payloads that are texts, each under the slot of its series. The sample of the slot has the text's
 * checksum.
 */
export class TextRecords {
  readonly #texts: Database<Buffer, number>;

  constructor(texts: Database<Buffer, number>) {
    this.#texts = texts;
  }

  /** The text of a slot; undefined if it is not the one with this checksum. */
  read(slot: number, checksum: number, transaction?: Transaction): string | undefined {
    const bytes = this.#texts.get(slot, transaction && { transaction });
    return bytes !== undefined && crc32(bytes, slot) === checksum ? bytes.toString() : undefined;
  }

  /** Puts the text of a slot, within a write transaction; returns its checksum. */
  put(slot: number, text: string): number {
    const bytes = Buffer.from(text);
    this.#texts.putSync(slot, bytes);
    return crc32(bytes, slot);
  }

  /** Removes the text of a slot, within a write transaction. */
  remove(slot: number): void {
    this.#texts.removeSync(slot);
  }
}
