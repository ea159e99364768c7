import * as chars from './characters.ts';
import type { FaultLog } from './fault-log.ts';
import { LineParser } from './line-parser.ts';
import { type LineSink, unescaped } from './sample-line.ts';

const { NUL, TAB, LF, SPACE, QUOTE, HASH, OPEN, ZERO, NINE } = chars;
const TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);
const LARGEST_TIME = 9_223_372_036_854_775_807n;

/** Reads lines of the text format, versions 0.0.4 and 1.0.0, as Prometheus' own lexer does. */
export class TextParser extends LineParser {
  constructor(sink: LineSink, log: FaultLog, maxLabels: number) {
    super(sink, log, { isLoose: true, isNameFirst: false }, maxLabels);
  }

  protected readLine(): boolean {
    const { text, lineAt } = this;
    let c = text.charCodeAt(lineAt);
    if (c === SPACE || c === TAB) {
      this.skipBlanks();
      c = text.charCodeAt(this.at);
    }
    if (c === LF) {
      this.at++;
      return true;
    }
    if (c === HASH) return this.#comment();
    // Prometheus' lexer takes U+0000 for the end of the page.
    if (c === NUL) return this.#end();
    if (this.at > lineAt) this.strictly('whitespace', lineAt);
    if (c === OPEN) {
      this.at++;
      if (!this.sampleLabels(false)) return false;
    } else {
      if (!chars.beginsMetricName(c)) return this.fail('line_start');
      this.bareName(lineAt);
      // The lexer of Prometheus makes leading blanks part of the name.
      if (!this.log.isPrometheus && this.name.charCodeAt(0) <= SPACE)
        this.name = this.name.trimStart();
      if (text.charCodeAt(this.at) <= SPACE) this.skipBlanks();
      if (text.charCodeAt(this.at) === OPEN) {
        this.at++;
        if (!this.sampleLabels(true)) return false;
      } else this.noLabels();
    }
    return this.#value();
  }

  #end(): boolean {
    if (!this.log.isPrometheus) return this.fail('line_start');
    this.hasEnded = true;
    return true;
  }

  #value(): boolean {
    const { text } = this;
    let c = text.charCodeAt(this.at);
    if (c <= SPACE) {
      this.skipBlanks();
      c = text.charCodeAt(this.at);
    }
    const from = this.at;
    while (c > SPACE ? c !== OPEN : c !== SPACE && c !== TAB && c !== LF && c !== NUL) {
      c = text.charCodeAt(++this.at);
    }
    this.valueAt = from;
    const value = this.number(from);
    if (value === undefined) return this.fail('value', from);
    this.value = value;
    this.timestamp = undefined;
    c = text.charCodeAt(this.at);
    if (c !== LF) {
      this.skipBlanks();
      c = text.charCodeAt(this.at);
    }
    if (c !== LF) {
      const timeAt = this.at;
      while (c >= ZERO && c <= NINE) c = text.charCodeAt(++this.at);
      const digits = text.slice(timeAt, Math.min(this.at, timeAt + 5000));
      if (digits === '') return this.fail(c === NUL ? 'line_end' : 'timestamp');
      if (digits.length > 18 && BigInt(digits) > LARGEST_TIME)
        return this.fail('timestamp', timeAt);
      this.timestamp = Number(digits);
      this.skipBlanks();
      if (text.charCodeAt(this.at) !== LF) {
        const end = text.charCodeAt(this.at);
        const isNumber = chars.isInMetricName(end) || end === chars.DOT;
        return isNumber ? this.fail('timestamp', timeAt) : this.fail('line_end');
      }
    }
    this.at++;
    this.sink.sample(this);
    return true;
  }

  /** Reads a line that begins with a number sign. */
  #comment(): boolean {
    const { text } = this;
    const hashAt = this.at++;
    this.skipBlanks();
    const isApart = this.at > hashAt + 1;
    const keyword = isApart ? this.#keyword() : undefined;
    if (keyword !== undefined) return this.#metadata(keyword);
    const lineEnd = text.indexOf('\n', this.at);
    const nul = text.indexOf('\0', this.at);
    if (nul >= 0 && nul < lineEnd && (!isApart || nul === this.at) && this.log.isPrometheus) {
      return this.#end();
    }
    this.at = lineEnd + 1;
    return true;
  }

  /**
   * Reads HELP or TYPE and the blanks behind it. The lexer of Prometheus does not see U+0000 here.
   */
  #keyword(): 'HELP' | 'TYPE' | undefined {
    const { text } = this;
    const keyword = text.charCodeAt(this.at) === 72 ? 'HELP' : 'TYPE';
    let at = this.wordEnd(keyword, this.at);
    if (at < 0) return undefined;
    if (text.charCodeAt(at) !== SPACE && text.charCodeAt(at) !== TAB) return undefined;
    while (
      text.charCodeAt(at) === SPACE ||
      text.charCodeAt(at) === TAB ||
      text.charCodeAt(at) === NUL
    )
      at++;
    this.at = at;
    return keyword;
  }

  #metadata(keyword: 'HELP' | 'TYPE'): boolean {
    const { text } = this;
    const nameAt = this.at;
    const c = text.charCodeAt(nameAt);
    let name: string | undefined;
    if (c === QUOTE) {
      if (!this.quoted(true, false)) return false;
      name = this.metadataName();
      if (name === undefined) return this.fail('utf8', nameAt);
    } else {
      if (!chars.beginsMetricName(c)) return this.fail('metadata');
      while (chars.isInMetricName(text.charCodeAt(this.at))) this.at++;
      name = text.slice(nameAt, this.at);
    }
    const textAt = this.at;
    const lineEnd = text.indexOf('\n', textAt);
    const separator = text.charCodeAt(textAt);
    if (separator === NUL) return this.fail('metadata');
    // Prometheus takes any byte for the separator, and part of a character leaves a broken one.
    if (separator > 127 && !this.isBytes) return this.fail('utf8');
    if (separator !== SPACE && separator !== TAB && separator !== LF) this.strictly('metadata');
    this.at = lineEnd + 1;
    if (keyword === 'TYPE') {
      const word = isBlank(text, textAt, lineEnd, true) ? '' : text.slice(textAt + 1, lineEnd);
      if (!TYPES.has(word)) return this.fail('type_word', Math.min(textAt + 1, lineEnd));
      if (text.charCodeAt(textAt) !== SPACE) this.strictly('whitespace', textAt);
      this.sink.metadata('TYPE', name, word, this);
      return true;
    }
    const isEmpty = isBlank(text, textAt, lineEnd, this.log.isPrometheus);
    const help = isEmpty ? '' : this.decoded(textAt + 1, lineEnd);
    if (help === undefined) return this.fail('utf8', textAt);
    this.sink.metadata('HELP', name, unescaped(help, false), this);
    return true;
  }
}

/**
 * Whether a part of a text has only blanks, or also U+0000, which the lexer of Prometheus does not
 * see.
 */
function isBlank(text: string, from: number, to: number, mayNul: boolean): boolean {
  for (let at = from; at < to; at++) {
    const c = text.charCodeAt(at);
    if (c !== SPACE && c !== TAB && (c !== NUL || !mayNul)) return false;
  }
  return true;
}
