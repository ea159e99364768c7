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
