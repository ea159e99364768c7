/** The longest record that is kept whole, in bytes. */
export const MAX_RECORD_BYTES = 1024;

const NOTHING = Buffer.alloc(0);

/**
 * Cuts a stream of bytes into records of UTF-8 text.
 *
 * A record longer than {@link MAX_RECORD_BYTES} is cut and ends in `…`; the rest of it is dropped
 * as it comes. Bytes that are not UTF-8 become U+FFFD. An unfinished record at the end counts as a
 * record.
 */
export class RecordSplitter {
  readonly #separator: number;
  readonly #take: (record: string) => void;
  #begun: Buffer = NOTHING;

  /** Makes a splitter that hands each record to `take`, in order and at once. */
  constructor(separator: '\n' | '\0', take: (record: string) => void) {
    this.#separator = separator.charCodeAt(0);
    this.#take = take;
  }

  /** Takes the next bytes and hands over every record that ends in them. */
  write(chunk: Buffer): void {
    let from = 0;
    for (let to: number; (to = chunk.indexOf(this.#separator, from)) >= 0; from = to + 1) {
      this.#keep(chunk.subarray(from, to));
      this.#finish();
    }
    this.#keep(chunk.subarray(from));
  }

  /** Hands over what came after the last separator, if anything did. */
  end(): void {
    if (this.#begun.length > 0) this.#finish();
  }

  #keep(bytes: Buffer): void {
    // One byte beyond the limit is kept: it tells that the record was longer.
    const kept = bytes.subarray(0, MAX_RECORD_BYTES + 1 - this.#begun.length);
    if (this.#begun.length === 0) this.#begun = kept;
    else if (kept.length > 0) this.#begun = Buffer.concat([this.#begun, kept]);
  }

  #finish(): void {
    const bytes = this.#begun;
    this.#begun = NOTHING;
    this.#take(bytes.length > MAX_RECORD_BYTES ? cutText(bytes) : bytes.toString());
  }
}

function cutText(bytes: Buffer): string {
  // The cut may have gone through a character, whose first bytes then read as U+FFFD.
  return `${bytes.toString('utf8', 0, MAX_RECORD_BYTES).replace(/\uFFFD+$/, '')}…`;
}
