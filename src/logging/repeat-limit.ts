/** How long a line keeps others with the same text away. */
const WINDOW_MS = 60_000;
/** How many different texts of one topic are written within a window. */
const MOST_TEXTS = 10;
const MOST_LINES = 256;

interface Line {
  text: string;
  /** How often it was said again since it was written. */
  repeats: number;
  readonly topic: string;
}

/**
 * Writes each text at once, and its repetitions once a minute with their number.
 *
 * Memory and output are bounded whatever the texts are: within a minute one topic has ten texts, and what it
 * has beyond them is counted together, as if it were one.
 */
export class RepeatLimit {
  readonly #write: (text: string) => void;
  readonly #lines = new Map<string, Line>();
  readonly #textsByTopic = new Map<string, number>();

  /** @param write - takes a text that is due. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /**
   * Writes a text, or counts it.
   *
   * @param topic - of few: what the text is about.
   */
  add(topic: string, text: string): void {
    const key = this.#keyFor(topic, text);
    const known = this.#lines.get(key);
    if (known !== undefined) {
      known.repeats++;
      known.text = text;
      return;
    }
    this.#lines.set(key, { text, repeats: 0, topic });
    this.#textsByTopic.set(topic, this.#textsOf(topic) + 1);
    this.#write(text);
    this.#lookLater(key);
  }

  #keyFor(topic: string, text: string): string {
    if (this.#lines.has(text)) return text;
    if (this.#lines.size >= MOST_LINES) return '';
    return this.#textsOf(topic) >= MOST_TEXTS ? topic : text;
  }

  #textsOf(topic: string): number {
    return this.#textsByTopic.get(topic) ?? 0;
  }

  #lookLater(key: string): void {
    setTimeout(() => this.#endWindow(key), WINDOW_MS).unref();
  }

  #endWindow(key: string): void {
    const line = this.#lines.get(key);
    if (line === undefined) return;
    const { topic, text, repeats } = line;
    if (repeats > 0) {
      line.repeats = 0;
      this.#write(`${text} suppressed=${repeats}`);
      this.#lookLater(key);
      return;
    }
    this.#lines.delete(key);
    const left = this.#textsOf(topic) - 1;
    if (left > 0) this.#textsByTopic.set(topic, left);
    else this.#textsByTopic.delete(topic);
  }
}
