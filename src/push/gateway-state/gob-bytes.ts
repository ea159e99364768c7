/** Why a stream is no gob of the kind that is read here. The caller adds the file and the remedy. */
export class GobFault extends Error {}

/** Reads the elements of which Go's gob encoding is made, and never beyond the end of the bytes. */
export class GobBytes {
  /** Where the next element begins, in bytes. */
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.at;
  }

  /**
   * Reads an unsigned integer: one byte below 128, or else the number of bytes, negated, and the
   * bytes with the highest first.
   */
  unsigned(): bigint {
    const first = this.take(1)[0]!;
    if (first < 0x80) return BigInt(first);
    const length = 0x100 - first;
    if (length > 8) throw new GobFault(`an integer of ${length} bytes`);
    return BigInt(`0x${this.take(length).toString('hex')}`);
  }

  /** Reads a count of bytes or elements. Each takes a byte at least, so more cannot follow. */
  count(): number {
    const count = this.unsigned();
    if (count > BigInt(this.left)) throw new GobFault('it ends too early');
    return Number(count);
  }

  /** Reads a signed integer: the lowest bit says whether the others are to be complemented. */
  signed(): bigint {
    const bits = this.unsigned();
    return (bits & 1n) === 0n ? bits >> 1n : ~(bits >> 1n);
  }

  /** Reads a signed integer that names a type or counts. */
  smallSigned(): number {
    return Number(this.signed());
  }

  /** Reads a float: its bytes in reverse, as an unsigned integer. */
  float(): number {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(this.unsigned());
    return bytes.readDoubleBE(0);
  }

  /** Reads bytes, with their count in front; they share the memory of the stream. */
  counted(): Buffer {
    return this.take(this.count());
  }

  /** Takes so many bytes. */
  take(length: number): Buffer {
    if (length > this.left) throw new GobFault('it ends too early');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}
