import { BACKSLASH, LF, QUOTE, SPACE, TAB } from '../parse/characters.ts';
import { goQuoted } from './go-quote.ts';
import { PushError } from './pushed-families.ts';

const COLON = 0x3a;
const LETTER_N = 0x6e;

/** Reads the parts of a pushed text page, one byte in each character. */
export class TextCursor {
  readonly text: string;
  readonly isAscii: boolean;
  at = 0;
  line = 0;

  constructor(body: Buffer) {
    this.text = body.toString('latin1');
    this.isAscii = !/[\x80-\xff]/.test(this.text);
  }

  /** Reads a metric or label name, in quotes or not; `''` if there is none. */
  name(isMetric: boolean): string {
    const from = this.at;
    let c = this.code();
    if (c === QUOTE) {
      this.at++;
      return this.quoted(isMetric ? 'metric name' : 'label name');
    }
    if (!isNameStart(c) && !(isMetric && c === COLON)) return '';
    do c = this.next();
    while (isNameStart(c) || (c >= 0x30 && c <= 0x39) || (isMetric && c === COLON));
    return this.text.slice(from, this.at);
  }

  /** Reads up to a closing quote and passes it. */
  quoted(what: string): string {
    const from = this.at;
    let c = this.code();
    while (c !== QUOTE && c !== BACKSLASH && c !== LF) c = this.next();
    let token = this.text.slice(from, this.at);
    while (c !== QUOTE) {
      if (c === LF) this.fail(`${what} ${goQuoted(token)} contains unescaped new-line`);
      if (c === BACKSLASH) token += this.escaped();
      else token += this.text[this.at];
      c = this.next();
    }
    this.next();
    return token;
  }

  /** Reads what stands behind a backslash. */
  private escaped(): string {
    const c = this.next();
    if (c === LETTER_N) return '\n';
    if (c !== BACKSLASH && c !== QUOTE) {
      this.fail(`invalid escape sequence '\\${String.fromCharCode(c)}'`);
    }
    return String.fromCharCode(c);
  }

  /** Reads the rest of the line, and passes the line feed. */
  rest(hasEscapes: boolean): string {
    const end = this.text.indexOf('\n', this.at);
    const plain = this.text.slice(this.at, end < 0 ? undefined : end);
    if (!hasEscapes || !plain.includes('\\')) {
      if (end < 0) this.failAtEnd();
      this.at = end + 1;
      return plain;
    }
    let rest = '';
    for (let c = this.code(); c !== LF; c = this.next()) {
      rest += c === BACKSLASH ? this.escaped() : this.text[this.at];
    }
    this.at++;
    return rest;
  }

  /** Reads up to a blank or the end of the line. */
  word(): string {
    const from = this.at;
    for (let c = this.code(); !isBlank(c) && c !== LF; c = this.next());
    return this.text.slice(from, this.at);
  }

  /** Whether the line ends here; passes its line feed then. */
  isLineEnd(): boolean {
    if (this.code() !== LF) return false;
    this.at++;
    return true;
  }

  /** Passes blanks; returns where they end. */
  blanks(): number {
    while (isBlank(this.text.charCodeAt(this.at))) this.at++;
    return this.at;
  }

  /** Passes a byte and returns the next one. */
  next(): number {
    this.at++;
    return this.code();
  }

  /** The byte here; there must be one. */
  code(): number {
    const c = this.text.charCodeAt(this.at);
    if (Number.isNaN(c)) this.failAtEnd();
    return c;
  }

  /** The text of bytes. */
  decoded(token: string): string {
    return this.isAscii ? token : Buffer.from(token, 'latin1').toString('utf8');
  }

  /** Refuses a page that ends too early. */
  failAtEnd(): never {
    this.fail('unexpected end of input stream');
  }

  /** Refuses the page. */
  fail(message: string): never {
    const text = `text format parsing error in line ${this.line}: ${message}`;
    throw new PushError(400, 'text', text, this.line);
  }
}

/** Whether a byte is a space or a tab. */
export function isBlank(c: number): boolean {
  return c === SPACE || c === TAB;
}

function isNameStart(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || c === 0x5f;
}
