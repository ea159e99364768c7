const NOTHING: Buffer = Buffer.alloc(0);

/** Bytes that wait for those that follow: a copy, at the cost of few copies of each byte. */
export class HeldBytes {
  #memory: Buffer = NOTHING;
  #length = 0;

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** What is held, until more is added. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  add(bytes: Buffer): void {
    const length = this.#length + bytes.length;
    if (length > this.#memory.length) {
      // Twice the size, so that single bytes do not have all the others copied each time.
      const memory = Buffer.allocUnsafe(Math.max(length, 2 * this.#memory.length));
      this.#memory.copy(memory, 0, 0, this.#length);
      this.#memory = memory;
    }
    bytes.copy(this.#memory, this.#length);
    this.#length = length;
  }

  /** Hands over what is held; nothing is held then. */
  take(): Buffer {
    const { bytes } = this;
    this.#memory = NOTHING;
    this.#length = 0;
    return bytes;
  }
}
