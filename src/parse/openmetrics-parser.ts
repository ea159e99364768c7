import { FAMILY_TYPES } from '../model/family-metadata.ts';
import * as chars from './characters.ts';
import type { FaultLog } from './fault-log.ts';
import { cutMilliseconds } from './go-number.ts';
import { LineParser } from './line-parser.ts';
import { hasBareQuote, type LineSink, lengthOf, unescaped } from './sample-line.ts';

const { NUL, TAB, LF, CR, SPACE, QUOTE, HASH, COMMA, OPEN, CLOSE } = chars;
const TYPES: ReadonlySet<string> = new Set(FAMILY_TYPES);
const METADATA = ['HELP', 'TYPE', 'UNIT'] as const;
const COLON = 58;
const BRACKET = 91;
const CLOSING_BRACKET = 93;
/** The longest exemplar by OpenMetrics 1.0, in characters of names and values. */
const LONGEST_EXEMPLAR = 128;

/** Reads lines of OpenMetrics, version 1 or 2, as Prometheus' own lexers do. */
export class OpenMetricsParser extends LineParser {
  readonly #isSecond: boolean;

  /** @param isSecond - the version is 2.0.0. */
  constructor(sink: LineSink, log: FaultLog, maxLabels: number, isSecond: boolean) {
    super(sink, log, { isLoose: false, isNameFirst: isSecond }, maxLabels);
    this.#isSecond = isSecond;
  }

  protected readLine(): boolean {
    const { text, lineAt } = this;
    const c = text.charCodeAt(lineAt);
    if (c === HASH) return this.#metadata();
    if (c === OPEN) {
      this.at++;
      if (!this.sampleLabels(false)) return false;
    } else {
      if (!chars.beginsMetricName(c)) {
        const isBlank = c === LF || c === SPACE || c === TAB || c === CR;
        return this.fail(isBlank ? 'whitespace' : 'line_start');
      }
      this.bareName(lineAt);
      if (text.charCodeAt(this.at) === OPEN) {
        this.at++;
        if (!this.sampleLabels(true)) return false;
      } else this.noLabels();
    }
    if (this.log.isStrict && this.#isSecond && this.name.charCodeAt(0) === 95) {
      this.log.report('reserved_name', this);
    }
    return this.#sampleEnd();
  }

  /** Reads what follows the series. */
  #sampleEnd(): boolean {
    const { text } = this;
    this.timestamp = undefined;
    this.startTime = undefined;
    this.exemplars = undefined;
    this.composite = undefined;
    this.valueAt = this.at + 1;
    if (
      this.#isSecond &&
      text.charCodeAt(this.at) === SPACE &&
      text.charCodeAt(this.at + 1) === OPEN
    ) {
      if (!this.#composite()) return false;
    } else {
      const value = this.#token();
      if (value === undefined) return this.#tokenFault('value', this.valueAt);
      this.value = value;
    }
    for (;;) {
      const at = this.at;
      const c = text.charCodeAt(at);
      if (c === LF) break;
      if (c !== SPACE) return this.fail('line_end');
      const isBare = this.#isSecond && !this.log.isPrometheus && text.startsWith('# ', at + 1);
      if (isBare || text.startsWith('# {', at + 1)) {
        if (!this.#exemplars()) return false;
        break;
      }
      if (this.#isSecond && text.startsWith('st@', at + 1) && !isEnd(text.charCodeAt(at + 4))) {
        if (this.startTime !== undefined) return this.fail('start_time');
        const seconds = this.#token(4);
        if (seconds === undefined || !Number.isFinite(seconds))
          return this.#tokenFault('start_time', at);
        this.startTime = this.#milliseconds(seconds);
        continue;
      }
      if (this.timestamp !== undefined) return this.fail('line_end');
      if (this.startTime !== undefined) return this.fail('start_time');
      const seconds = this.#token();
      if (seconds === undefined || !Number.isFinite(seconds))
        return this.#tokenFault('timestamp', at + 1);
      this.timestamp = this.#milliseconds(seconds);
    }
    this.at++;
    this.sink.sample(this);
    return true;
  }

  /**
   * Reads a space, or as many characters as are given, and a number; undefined if there is none.
   */
  #token(skip: number = 1): number | undefined {
    const { text } = this;
    if (text.charCodeAt(this.at) !== SPACE) return undefined;
    const from = this.at + skip;
    this.at = from;
    let c = text.charCodeAt(from);
    while (!isEnd(c)) c = text.charCodeAt(++this.at);
    return this.at === from ? undefined : this.number(from);
  }

  #tokenFault(rule: 'value' | 'timestamp' | 'start_time' | 'exemplar', at: number): false {
    const { text } = this;
    const c = text.charCodeAt(at);
    if (c === SPACE || c === TAB || (rule === 'timestamp' && c === LF))
      return this.fail('whitespace', at);
    const isReturn = text.charCodeAt(this.at - 1) === CR;
    return isReturn ? this.fail('carriage_return', this.at - 1) : this.fail(rule, at);
  }

  /** Seconds in milliseconds: cut as Prometheus does, or exact. */
  #milliseconds(seconds: number): number {
    return this.log.isPrometheus ? cutMilliseconds(seconds) : Math.round(seconds * 1000) + 0;
  }

  /** Reads exemplars up to the line feed. */
  #exemplars(): boolean {
    const { text } = this;
    const exemplars = (this.exemplars = []) as NonNullable<typeof this.exemplars>;
    while (text.charCodeAt(this.at) !== LF) {
      const at = this.at;
      if (!text.startsWith(' # ', at)) return this.fail('line_end', at);
      if (exemplars.length > 0 && !this.#isSecond) return this.fail('line_end', at);
      const isBegun = text.startsWith(' # {', at) || this.fail('exemplar');
      if (isBegun && this.#exemplar(exemplars)) continue;
      // OpenMetrics 2.0 says that a bad exemplar must not cost its sample.
      if (!this.#isSecond || this.log.isPrometheus) return false;
      this.log.warn('exemplar', this, at + 1);
      this.at = text.indexOf('\n', at);
    }
    return true;
  }

  #exemplar(exemplars: NonNullable<typeof this.exemplars>): boolean {
    const { text } = this;
    const at = this.at + 1;
    const labels: Record<string, string> = {};
    this.at += 4;
    if (!this.exemplarLabels(labels)) return false;
    if (this.log.isStrict && !this.#isSecond && lengthOf(labels) > LONGEST_EXEMPLAR) {
      this.log.report('exemplar_length', this, at);
    }
    const valueAt = this.at + 1;
    const value = this.#token();
    if (value === undefined) return this.#tokenFault('exemplar', valueAt);
    const c = text.charCodeAt(this.at);
    if (c === LF && !this.#isSecond) {
      exemplars.push({ labels, value });
      return true;
    }
    if (c !== SPACE) return this.fail('exemplar', this.at);
    const timeAt = this.at + 1;
    const seconds = this.#token();
    if (seconds === undefined || !Number.isFinite(seconds))
      return this.#tokenFault('exemplar', timeAt);
    exemplars.push({ labels, value, timestamp: this.#milliseconds(seconds) });
    return true;
  }

  /** Reads the fields of a composite value, as texts. */
  #composite(): boolean {
    const { text } = this;
    const fields = new Map<string, string>();
    this.at += 2;
    for (let isFirst = true; text.charCodeAt(this.at) !== CLOSE; isFirst = false) {
      if (!isFirst) {
        if (text.charCodeAt(this.at) !== COMMA) return this.fail('composite');
        this.at++;
      }
      const from = this.at;
      while (chars.isInFieldName(text.charCodeAt(this.at))) this.at++;
      const name = text.slice(from, this.at);
      if (text.charCodeAt(this.at) !== COLON) return this.fail('composite');
      const valueAt = ++this.at;
      if (!this.#fieldValue()) return this.fail('composite');
      if (fields.has(name)) return this.fail('composite', from, 'a field appears twice');
      const field = this.decoded(valueAt, this.at);
      if (field === undefined) return this.fail('utf8', valueAt);
      fields.set(name, field);
    }
    this.at++;
    this.composite = fields;
    return true;
  }

  /** Reads a list in brackets, or a text without any. */
  #fieldValue(): boolean {
    const { text } = this;
    const from = this.at;
    const isList = text.charCodeAt(from) === BRACKET;
    if (isList) this.at++;
    for (;;) {
      const c = text.charCodeAt(this.at);
      if (isEnd(c) || c === CR) return !isList && this.at > from;
      if (c === CLOSING_BRACKET && isList) {
        this.at++;
        return true;
      }
      const isOver = c === COMMA || c === CLOSE || c === BRACKET || c === CLOSING_BRACKET;
      if (isOver && !isList) return this.at > from;
      this.at++;
    }
  }

  /** Reads a line that begins with a number sign. */
  #metadata(): boolean {
    const { text } = this;
    const wordAt = this.lineAt + 2;
    if (text.charCodeAt(wordAt - 1) !== SPACE) return this.fail('comment');
    const end = this.wordEnd('EOF', wordAt);
    if (end >= 0) return this.#end(end);
    const keyword = METADATA.find((word) => this.wordEnd(word, wordAt) >= 0);
    if (keyword === undefined) return this.fail('comment');
    const nameAt = this.wordEnd(`${keyword} `, wordAt);
    if (nameAt < 0) return this.fail('metadata');
    this.at = nameAt;
    const c = text.charCodeAt(nameAt);
    let name: string | undefined;
    if (c === QUOTE) {
      if (!this.quoted(true, false)) return false;
      name = this.metadataName();
      if (name === undefined) return this.fail('utf8', nameAt);
      if (name === '' && (this.#isSecond || !this.log.isPrometheus))
        return this.fail('metadata', nameAt);
    } else {
      if (!chars.beginsMetricName(c)) return this.fail('metadata', nameAt);
      while (chars.isInMetricName(text.charCodeAt(this.at))) this.at++;
      name = text.slice(nameAt, this.at);
    }
    if (text.charCodeAt(this.at) !== SPACE) return this.fail('metadata');
    const from = this.at + 1;
    const to = text.indexOf('\n', from);
    return this.#metadataText(keyword, name, from, to);
  }

  #metadataText(
    keyword: (typeof METADATA)[number],
    name: string,
    from: number,
    lineEnd: number,
  ): boolean {
    const { text } = this;
    this.at = lineEnd + 1;
    // The lexers of Prometheus do not see it behind the line feed, and take the last one for that.
    while (text.charCodeAt(this.at) === NUL && this.log.isPrometheus) this.at++;
    const to = this.at - 1;
    const isCut = text.charCodeAt(to - 1) === CR && to > from;
    if (isCut && this.#isSecond) return this.fail('carriage_return', to - 1);
    const content = this.decoded(from, to);
    if (content === undefined && (keyword === 'HELP' || !this.log.isPrometheus)) {
      return this.fail('utf8', from);
    }
    const plain = content ?? text.slice(from, to);
    if (keyword === 'TYPE' && !TYPES.has(plain)) return this.fail('type_word', from);
    if (keyword === 'UNIT' && !this.#isSecond && plain !== '' && !name.endsWith(`_${plain}`)) {
      return this.fail('unit', from);
    }
    if (keyword === 'HELP' && this.#isSecond && hasBareQuote(plain))
      this.strictly('metadata', from);
    this.sink.metadata(keyword, name, keyword === 'HELP' ? unescaped(plain, true) : plain, this);
    return true;
  }

  #end(at: number): boolean {
    const { text } = this;
    this.hasEnded = true;
    const from = text.charCodeAt(at) === LF ? at + 1 : at;
    let end = from;
    while (text.charCodeAt(end) === NUL && this.log.isPrometheus) end++;
    // A line feed that the page lacks has been added.
    const isCut =
      this.isLast && end > from && text.charCodeAt(end) === LF && end + 1 === text.length;
    if (end === text.length || isCut) return true;
    this.isEndReported = true;
    const isReturn = text.startsWith('\r\n', end);
    this.log.report(isReturn ? 'carriage_return' : 'after_end', this, end);
    return true;
  }
}

function isEnd(c: number): boolean {
  return c === SPACE || c === LF || c === NUL || Number.isNaN(c);
}
