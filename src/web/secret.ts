const MASK = '<secret>';

/**
 * A text that must not be seen: as a string or JSON it is `<secret>`, and `console.log` prints none
 * of it.
 *
 * That keeps what a web configuration holds out of logs; it does not keep it out of memory.
 */
export class Secret {
  readonly #text: string;

  /** Wraps a text. */
  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself: for the one place that needs it. */
  reveal(): string {
    return this.#text;
  }

  /** `<secret>`, so that templates and concatenation do not leak it. */
  toString(): string {
    return MASK;
  }

  /** `<secret>`, so that JSON does not leak it. */
  toJSON(): string {
    return MASK;
  }
}

/** The SHA-256 of nothing: what `sha256sum` prints if `$TOKEN` is not set. */
export const EMPTY_SHA256: string =
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
