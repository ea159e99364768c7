/** How many texts are remembered. Scrapers send a few; a client that sends others gains nothing. */
const MOST = 64;

/** The longest text that is remembered, in UTF-16 code units. */
const LONGEST = 1024;

/** What was made of texts, so that the same header is read once. Its memory is bounded. */
export class Remembered<T> {
  readonly #made = new Map<string, T>();

  /** What is made of a text, or was. */
  of(text: string, make: (text: string) => T): T {
    const known = this.#made.get(text);
    if (known !== undefined) return known;
    const made = make(text);
    if (text.length > LONGEST) return made;
    if (this.#made.size >= MOST) this.#made.clear();
    this.#made.set(text, made);
    return made;
  }
}
