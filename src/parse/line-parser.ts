import { setLabel } from '../model/key/index.ts';
import type { Exemplar } from '../model/point-value.ts';
import * as chars from './characters.ts';
import type { FaultLog } from './fault-log.ts';
import { LineCursor } from './line-cursor.ts';
import type { LineSink, SampleLine } from './sample-line.ts';

const { NUL, SPACE, QUOTE, COMMA, EQUALS, BACKSLASH, CLOSE } = chars;

/** What differs between the text formats below the line. */
export interface Grammar {
  /** Spaces and tabs may stand between all parts, and commas between labels may be missing. */
  readonly isLoose: boolean;
  /** A quoted metric name must be the first in the braces, and quoted names must not be empty. */
  readonly isNameFirst: boolean;
}

/** How many labels are looked through one by one for a name that is there twice. */
const FEW = 16;

/** Names and labels, which lines of the text formats have in common. */
export abstract class LineParser extends LineCursor implements SampleLine {
  name = '';
  labels: Record<string, string> = {};
  isSameGroup = false;
  bound: string | undefined;
  protected labelsAt = 0;
  protected lastLabelAt = 0;
  protected labelsEnd = 0;
  #groupPrefix: string | undefined;
  groupLabel = '';
  valueAt = 0;
  value = 0;
  composite: ReadonlyMap<string, string> | undefined;
  timestamp: number | undefined;
  startTime: number | undefined;
  exemplars: Exemplar[] | undefined;
  protected readonly sink: LineSink;
  protected readonly grammar: Grammar;
  readonly #maxLabels: number;
  /** The names of the labels of this line. */
  #names: string[] = [];
  /** The names without quotes of the lines before: mostly those of the next one. */
  #bareNames: string[] = [];
  #bareName = '';
  #hasName = false;
  #isNameInside = false;
  #labelCount = 0;

  constructor(sink: LineSink, log: FaultLog, grammar: Grammar, maxLabels: number) {
    super(log);
    this.sink = sink;
    this.isStrictName = grammar.isNameFirst;
    this.grammar = grammar;
    this.#maxLabels = maxLabels;
  }

  /** Reads a metric name without quotes; its first character has been checked. */
  protected bareName(from: number): void {
    const { text } = this;
    const after = from + this.#bareName.length;
    if (
      text.startsWith(this.#bareName, from) &&
      after > this.at &&
      !chars.isInMetricName(text.charCodeAt(after))
    ) {
      this.at = after;
    } else {
      let at = this.at + 1;
      while (chars.isInMetricName(text.charCodeAt(at))) at++;
      this.at = at;
      this.#bareName = text.slice(from, at);
    }
    this.name = this.#bareName;
  }

  /** Reads labels behind the opening brace of a sample. */
  protected sampleLabels(hasName: boolean): boolean {
    this.#hasName = hasName;
    this.#isNameInside = !hasName;
    if (this.#groupPrefix !== undefined && hasName && this.#isOfGroup(this.#groupPrefix))
      return true;
    this.labels = {};
    this.isSameGroup = false;
    this.bound = undefined;
    this.labelsAt = this.at;
    if (!this.#labels(this.labels, this.#names, this.#bareNames, false)) return false;
    this.labelsEnd = this.at - 1;
    return this.#hasName || this.fail('metric_name', this.lineAt);
  }

  hasLabel(name: string): boolean {
    return this.#names.slice(0, this.#labelCount).includes(name);
  }

  /** Takes it that the sample has no labels. */
  protected noLabels(): void {
    this.isSameGroup = this.#groupPrefix === '';
    this.bound = undefined;
    this.labels = {};
    this.#isNameInside = false;
    this.#labelCount = 0;
    this.labelsAt = this.labelsEnd = this.lastLabelAt = this.at;
  }

  expectGroup(label: string, hasBound: boolean): void {
    this.groupLabel = label;
    this.#groupPrefix = this.#prefixOf(label, hasBound);
  }

  expectNoGroup(): void {
    this.#groupPrefix = undefined;
  }

  /** The text that the labels of a group begin with; undefined if it may be read otherwise. */
  #prefixOf(label: string, hasBound: boolean): string | undefined {
    const { text, labelsAt, lastLabelAt } = this;
    if (this.isSameGroup) {
      return hasBound || this.bound === undefined ? this.#groupPrefix : undefined;
    }
    if (this.#isNameInside) return undefined;
    let end = this.labelsEnd;
    if (hasBound) {
      const valueAt = lastLabelAt + label.length;
      if (!text.startsWith(label, lastLabelAt) || text.charCodeAt(valueAt) !== EQUALS)
        return undefined;
      end = lastLabelAt;
      if (end > labelsAt && text.charCodeAt(--end) !== COMMA) return undefined;
    } else if (this.#labelCount >= this.#maxLabels || this.hasLabel(label)) return undefined;
    const prefix = text.slice(labelsAt, end);
    // A line feed in it would have to be counted, and a comma at its end is not the only one.
    const isSafe = prefix === '' || (prefix.endsWith('"') && !prefix.includes('\n'));
    return isSafe ? prefix : undefined;
  }

  override read(text: string, isBytes: boolean, isLast: boolean): number {
    // The same text then stands for other characters.
    if (isBytes !== this.isBytes) this.#groupPrefix = undefined;
    return super.read(text, isBytes, isLast);
  }

  /** Reads labels that begin with those of the group before; false if they do not. */
  #isOfGroup(prefix: string): boolean {
    const { text, at } = this;
    if (!text.startsWith(prefix, at)) return false;
    let end = at + prefix.length;
    let c = text.charCodeAt(end);
    let bound: string | undefined;
    let labelAt = end;
    if (c !== CLOSE) {
      if (prefix !== '' && c !== COMMA) return false;
      if (prefix !== '') labelAt = ++end;
      if (this.isBytes || !text.startsWith(this.groupLabel, end)) return false;
      end += this.groupLabel.length;
      if (text.charCodeAt(end) !== EQUALS || text.charCodeAt(end + 1) !== QUOTE) return false;
      const from = end + 2;
      end = from;
      do c = text.charCodeAt(end++);
      while (c > SPACE && c !== QUOTE && c !== BACKSLASH);
      if (c !== QUOTE || text.charCodeAt(end) !== CLOSE) return false;
      bound = text.slice(from, end - 1);
    }
    this.isSameGroup = true;
    this.#labelCount = 0;
    this.bound = bound;
    this.labelsAt = at;
    this.lastLabelAt = labelAt;
    this.labelsEnd = end;
    this.at = end + 1;
    return true;
  }

  /** Reads labels behind the opening brace of an exemplar. */
  protected exemplarLabels(labels: Record<string, string>): boolean {
    return this.#labels(labels, [], [], true);
  }

  #labels(
    labels: Record<string, string>,
    names: string[],
    bareNames: string[],
    isExemplar: boolean,
  ): boolean {
    const { text, grammar } = this;
    const { isLoose } = grammar;
    const mayNul = !isExemplar || grammar.isNameFirst;
    let count = 0;
    for (let isFirst = true; ; isFirst = false) {
      if (isLoose && text.charCodeAt(this.at) <= SPACE) this.skipBlanks();
      let c = text.charCodeAt(this.at);
      if (c === CLOSE) {
        if (!isLoose && !isFirst && this.#comma >= 0) this.strictly('label_separator', this.#comma);
        this.at++;
        if (!isExemplar) this.#labelCount = count;
        return true;
      }
      const nameAt = this.at;
      this.lastLabelAt = nameAt;
      let name = bareNames[count];
      if (c === QUOTE) {
        if (!this.quoted(!isExemplar, false)) return false;
        name = this.unquoted();
        if (name === undefined) return this.fail('utf8', nameAt);
        if (isLoose && text.charCodeAt(this.at) <= SPACE) this.skipBlanks();
        c = text.charCodeAt(this.at);
        if (c === COMMA || c === CLOSE) {
          if (isExemplar) return this.fail('label_value');
          if (!this.#quotedName(name, nameAt, isFirst)) return false;
          if (c === COMMA) this.#comma = this.at++;
          else this.#comma = -1;
          continue;
        }
        if (name === '' && (!isExemplar || grammar.isNameFirst))
          return this.fail('label_name', nameAt);
      } else if (
        name === undefined ||
        !text.startsWith(name, nameAt) ||
        chars.isInLabelName(text.charCodeAt(nameAt + name.length))
      ) {
        if (!chars.beginsLabelName(c)) return this.fail('label_name');
        let at = nameAt + 1;
        while (chars.isInLabelName(text.charCodeAt(at))) at++;
        this.at = at;
        bareNames[count] = name = text.slice(nameAt, at);
      } else this.at = nameAt + name.length;
      if (isLoose && text.charCodeAt(this.at) <= SPACE) this.skipBlanks();
      if (text.charCodeAt(this.at) !== EQUALS) return this.fail('label_value');
      this.at++;
      if (isLoose && text.charCodeAt(this.at) <= SPACE) this.skipBlanks();
      if (text.charCodeAt(this.at) !== QUOTE) return this.fail('label_value');
      const valueAt = this.at;
      if (!this.quoted(isLoose, mayNul)) return false;
      // The lexers of Prometheus do not see U+0000 here, and take the last one for the quote.
      while (text.charCodeAt(this.at) === NUL && mayNul && this.log.isPrometheus) {
        this.quotedEnd = this.at++;
      }
      const value = this.unquoted();
      if (value === undefined) return this.fail('utf8', valueAt);
      if (count === this.#maxLabels) {
        return this.fail('limit', nameAt, `maxLabels is ${this.#maxLabels}`);
      }
      if (
        isExemplar
          ? !this.#exemplarLabel(labels, name, nameAt)
          : !this.#isNew(names, count, labels, name, nameAt)
      ) {
        return false;
      }
      if (names[count] !== name) names[count] = name;
      count++;
      if (value !== '' || isExemplar) setLabel(labels, name, value);
      if (isLoose && text.charCodeAt(this.at) <= SPACE) this.skipBlanks();
      c = text.charCodeAt(this.at);
      if (c === COMMA) this.#comma = this.at++;
      else {
        this.#comma = -1;
        if (c !== CLOSE) {
          if (!isLoose) return this.fail('label_separator');
          this.strictly('label_separator');
        }
      }
    }
  }
  /** Where the last comma between labels stood, if nothing followed it. */
  #comma = -1;

  #quotedName(name: string, at: number, isFirst: boolean): boolean {
    if (this.#hasName) return this.fail('metric_name', at, 'it has a second name');
    if (name === '') return this.fail('metric_name', at, 'it is empty');
    if (!isFirst && this.grammar.isNameFirst)
      return this.fail('metric_name', at, 'it is not first');
    this.#hasName = true;
    this.name = name;
    return true;
  }

  /** Whether a label may be in a sample beside those before it. */
  #isNew(names: string[], count: number, labels: object, name: string, at: number): boolean {
    if (name === '__name__') return this.fail('reserved_label', at);
    if (count > FEW ? Object.hasOwn(labels, name) : false) return this.fail('duplicate_label', at);
    for (let i = Math.min(count, FEW) - 1; i >= 0; i--) {
      if (names[i] === name) return this.fail('duplicate_label', at);
    }
    if (this.log.isStrict && name.charCodeAt(0) === 95) this.#reserved(name, at);
    return true;
  }

  #reserved(name: string, at: number): void {
    if (name.startsWith('__') && !this.grammar.isLoose) this.log.report('reserved_label', this, at);
  }

  /** What becomes of a label of an exemplar that is there twice. */
  #exemplarLabel(labels: object, name: string, at: number): boolean {
    if (!Object.hasOwn(labels, name) || !this.log.isStrict) return true;
    return this.fail('exemplar', at, 'a label name appears twice');
  }
}
