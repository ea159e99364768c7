/** How long a line keeps others with the same text away. */
const WINDOW_MS = 60_000;
/** How many different texts of one topic are written within a window. */
const MOST_TEXTS = 10;
const MOST_LINES = 256;

/** What a line is about; of both there are few. */
export interface LineTopic {
  /** What logs it. */
  readonly component: string;
  /** The beginning of the line, the same for all texts of one kind. */
  readonly start: string;
}

interface Line {
  text: string;
  /** How often it came again since it was written. */
  repeats: number;
  timer: NodeJS.Timeout;
  readonly topic: LineTopic;
}

/**
 * Writes each text at once, and its repetitions once a minute with their number.
 *
 * Repetitions of one component are written together, in the order in which they last came. So the
 * last line of a component is always its latest: no error follows the line that says that it is
 * over.
 *
 * Memory and output are bounded whatever the texts are: within a minute one topic has ten texts,
 * and all others of that topic are counted together, as if they were one.
 */
export class RepeatLimit {
  readonly #write: (text: string) => void;
  // In the order in which they last came.
  readonly #lines = new Map<string, Line>();
  readonly #textsByTopic = new Map<string, number>();

  /** @param write - takes a text that is due. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Writes a text, or counts it. */
  add(topic: LineTopic, text: string): void {
    const key = this.#keyFor(topic.start, text);
    const known = this.#lines.get(key);
    if (known === undefined) {
      if (this.#textsOf(topic.start) === 0) this.#writeRepeats(topic.component);
      this.#textsByTopic.set(topic.start, this.#textsOf(topic.start) + 1);
      this.#lines.set(key, { text, repeats: 0, topic, timer: this.#endLater(key) });
      this.#write(text);
      return;
    }
    known.repeats++;
    known.text = text;
    this.#lines.delete(key);
    this.#lines.set(key, known);
  }

  #keyFor(start: string, text: string): string {
    if (this.#lines.has(text)) return text;
    if (this.#lines.size >= MOST_LINES) return '';
    return this.#textsOf(start) >= MOST_TEXTS ? start : text;
  }

  #textsOf(start: string): number {
    return this.#textsByTopic.get(start) ?? 0;
  }

  #endLater(key: string): NodeJS.Timeout {
    return setTimeout(() => this.#endWindow(key), WINDOW_MS).unref();
  }

  #endWindow(key: string): void {
    const line = this.#lines.get(key);
    if (line === undefined) return;
    const { component, start } = line.topic;
    if (line.repeats > 0) {
      this.#writeRepeats(component);
      return;
    }
    this.#lines.delete(key);
    const left = this.#textsOf(start) - 1;
    if (left > 0) this.#textsByTopic.set(start, left);
    else this.#textsByTopic.delete(start);
  }

  /** Writes the repetitions of a component; each of the lines has a new window then. */
  #writeRepeats(component: string): void {
    for (const [key, line] of this.#lines) {
      if (line.repeats === 0 || line.topic.component !== component) continue;
      this.#write(`${line.text} suppressed=${line.repeats}`);
      line.repeats = 0;
      clearTimeout(line.timer);
      line.timer = this.#endLater(key);
    }
  }
}
