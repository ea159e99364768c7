import { isUtf8 } from 'node:buffer';
import { BACKSLASH, CR, LF, NUL, QUOTE, SPACE, TAB } from './characters.ts';
import type { FaultLog, Place } from './fault-log.ts';
import type { FormatRule } from './fault-rules.ts';
import { numberIn } from './go-number.ts';
import { unescaped } from './sample-line.ts';

/** The faults that a carriage return causes. */
const OF_LAST_PART: ReadonlySet<FormatRule> = new Set([
  'line_start',
  'whitespace',
  'type_word',
  'value',
  'timestamp',
  'line_end',
]);

/**
 * Goes through a block of lines in one pass, without a substring for each line.
 *
 * A method that reads a part returns false and remembers the fault, as errors that are thrown would
 * cost microseconds for each bad line.
 */
export abstract class LineCursor implements Place {
  text = '';
  lineAt = 0;
  line = 0;
  /** Whether nothing more of the page is to be read. */
  hasEnded = false;
  isBytes = false;
  /** Whether it has been reported that something follows the end. */
  isEndReported = false;

  protected at = 0;
  protected readonly log: FaultLog;
  protected fault: FormatRule = 'line_start';
  protected faultAt = 0;
  protected detail: string | undefined;
  protected quotedAt = 0;
  protected quotedEnd = 0;
  protected isEscaped = false;
  /** Whether names of metadata must be UTF-8 by any rules. */
  protected isStrictName = false;
  protected isLast = false;
  #needsMore = false;
  /** How many line feeds are inside label values of the line. */
  #breaks = 0;

  constructor(log: FaultLog) {
    this.log = log;
  }

  /**
   * Reads a block of lines; each ends in a line feed. Returns how many characters it has read: all,
   * unless a label value goes on behind the block.
   *
   * @param isBytes - the block has one character for each byte, as it is not valid UTF-8.
   * @param isLast - no block follows.
   */
  read(text: string, isBytes: boolean, isLast: boolean): number {
    this.text = text;
    this.at = 0;
    this.isBytes = isBytes;
    this.isLast = isLast;
    this.#needsMore = false;
    const end = text.length;
    while (this.at < end && !this.hasEnded) {
      this.lineAt = this.at;
      this.line++;
      this.#breaks = 0;
      if (this.readLine()) {
        this.line += this.#breaks;
        continue;
      }
      if (this.#needsMore) {
        this.line--;
        return this.lineAt;
      }
      this.#findReturn();
      this.log.report(this.fault, this, this.faultAt, this.detail);
      const lineEnd = text.indexOf('\n', this.lineAt);
      this.at = lineEnd < 0 ? end : lineEnd + 1;
    }
    return end;
  }

  /** Makes it the fault that the line ends with a carriage return, if its last part is wrong. */
  #findReturn(): void {
    const { text, faultAt } = this;
    const returnAt = text.indexOf('\n', faultAt) - 1;
    if (text.charCodeAt(returnAt) !== CR || !OF_LAST_PART.has(this.fault)) return;
    if (returnAt === faultAt && this.fault === 'value') return;
    if (!/[ \t]/.test(text.slice(faultAt, returnAt))) this.fail('carriage_return', returnAt);
  }

  /** Reads one line with its line feed. */
  protected abstract readLine(): boolean;

  protected fail(rule: FormatRule, at: number = this.at, detail?: string): false {
    this.fault = rule;
    this.faultAt = at;
    this.detail = detail;
    return false;
  }

  /** Reports what the specification forbids and Prometheus takes. */
  protected strictly(rule: FormatRule, at: number = this.at): void {
    if (this.log.isStrict) this.log.report(rule, this, at);
  }

  protected skipBlanks(): void {
    const { text } = this;
    let c = text.charCodeAt(this.at);
    while (c === SPACE || c === TAB) c = text.charCodeAt(++this.at);
  }

  /**
   * Where a word ends that begins at a position; -1 if it does not. Behind each of its characters
   * the lexers of Prometheus do not see U+0000.
   */
  protected wordEnd(word: string, from: number): number {
    const { text } = this;
    let at = from;
    for (let i = 0; i < word.length; i++) {
      if (text.charCodeAt(at++) !== word.charCodeAt(i)) return -1;
      while (text.charCodeAt(at) === NUL && this.log.isPrometheus) at++;
    }
    return at;
  }

  /**
   * Reads a text in double quotes and leaves its bounds in `quotedAt` and `quotedEnd`.
   *
   * @param mayBreak - by the rules of Prometheus a line feed may be inside.
   * @param mayNul - U+0000 may be inside.
   */
  protected quoted(mayBreak: boolean, mayNul: boolean): boolean {
    const { text } = this;
    const breaks = mayBreak && this.log.isPrometheus;
    let at = this.at + 1;
    this.quotedAt = at;
    this.isEscaped = false;
    for (let c = text.charCodeAt(at); ; c = text.charCodeAt(++at)) {
      if (c > BACKSLASH) continue;
      if (c === QUOTE) break;
      if (c === BACKSLASH) {
        this.isEscaped = true;
        do c = text.charCodeAt(++at);
        while (c === NUL && mayNul);
        if (c === LF || (c === NUL && !mayNul)) return this.fail('label_open', this.at);
      } else if (c === LF) {
        if (!breaks) return this.fail('label_open', this.at);
        this.#breaks++;
      } else if (c === NUL && !mayNul) return this.fail('label_open', at, 'U+0000 in a name');
      if (Number.isNaN(c)) {
        this.#needsMore = !this.isLast && breaks;
        return this.fail('label_open', this.at);
      }
    }
    this.quotedEnd = at;
    this.at = at + 1;
    return true;
  }

  /** A part of the text as it is meant; undefined if it is not UTF-8. */
  protected decoded(from: number, to: number): string | undefined {
    const part = this.text.slice(from, to);
    if (!this.isBytes) return part;
    const bytes = Buffer.from(part, 'latin1');
    return isUtf8(bytes) ? bytes.toString() : undefined;
  }

  /** What the last quotes hold, in metadata, where Prometheus takes also what is not UTF-8. */
  protected metadataName(): string | undefined {
    const name = this.unquoted();
    if (name !== undefined || !this.log.isPrometheus || this.isStrictName) return name;
    return this.text.slice(this.quotedAt, this.quotedEnd);
  }
  /** What the last quotes hold; undefined if it is not UTF-8. */
  protected unquoted(): string | undefined {
    const text = this.decoded(this.quotedAt, this.quotedEnd);
    return text === undefined || !this.isEscaped ? text : unescaped(text, true);
  }

  /** The number from a position to the current one; undefined if there is none. */
  protected number(from: number): number | undefined {
    return numberIn(this.text, from, this.at);
  }
}
