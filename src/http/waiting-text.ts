import type { Encoder } from '../formats/encoder.ts';

/**
 * How long the parts of a body are, in bytes of text. Compressed ones wait in a fraction of that.
 */
export const PART_BYTES: Readonly<Record<'identity' | 'gzip', number>> = {
  identity: 16 * 1024,
  gzip: 64 * 1024,
};

/** Text that is too short for a part of its own. */
export class WaitingText {
  bytes = 0;
  readonly #partBytes: number;
  #texts: Buffer[] = [];

  constructor(partBytes: number) {
    this.#partBytes = partBytes;
  }

  get isEnough(): boolean {
    return this.bytes >= this.#partBytes;
  }

  /** How many bytes of text a part still has room for. */
  get room(): number {
    return this.#partBytes - this.bytes;
  }

  add(text: string | Buffer, charset?: Encoder['charset']): void {
    if (text.length === 0) return; // A sole text is taken as it is; two are copied.
    const bytes = typeof text === 'string' ? Buffer.from(text, charset) : text;
    this.#texts.push(bytes);
    this.bytes += bytes.length;
  }

  take(): Buffer {
    const text = this.#texts.length === 1 ? this.#texts[0]! : Buffer.concat(this.#texts);
    this.#texts = [];
    this.bytes = 0;
    return text;
  }

  /** Adds a whole chunk, shared and not copied; yields what is long enough. */
  *whole(text: Buffer): Generator<Buffer, void, undefined> {
    const isLong = text.length >= PART_BYTES.identity;
    if (isLong && this.bytes > 0) yield this.take();
    this.add(text);
    if (isLong || this.isEnough) yield this.take();
  }

  /** Adds some lines of a chunk; yields what is long enough. */
  *some(text: Buffer): Generator<Buffer, void, undefined> {
    this.add(text);
    if (this.isEnough) yield this.take();
  }
}
