import type { Exemplar } from '../model/point-value.ts';
import { BACKSLASH } from './characters.ts';
import type { Place } from './fault-log.ts';

/** What a metadata line says. */
export type Keyword = 'HELP' | 'TYPE' | 'UNIT';

/** What is done with the lines of a page. */
export interface LineSink {
  /** Takes a HELP, TYPE or UNIT line. */
  metadata(kind: Keyword, name: string, text: string, place: Place): void;
  /** Takes the sample that the parser has just read. */
  sample(line: SampleLine): void;
}

/** A sample as a line has it. The next line overwrites it. */
export interface SampleLine extends Place {
  /** The metric name. */
  readonly name: string;
  /** The labels, without empty ones. A new object for each line. */
  labels: Record<string, string>;
  /**
   * Whether the labels are those of the group that is expected; then `labels` is not of this line,
   * and `bound` is the value of the one label more that it may have.
   */
  isSameGroup: boolean;
  readonly bound: string | undefined;
  /** Whether the line has a label, be it an empty one. */
  hasLabel(name: string): boolean;
  /** The label that lines of a group have beside those they share. */
  readonly groupLabel: string;
  /**
   * Lets the next lines go on in the group of this one, so that shared labels are not read again.
   *
   * @param label - the label that lines of a group have beside those they share.
   * @param hasBound - this line has it.
   */
  expectGroup(label: string, hasBound: boolean): void;
  /** Has the labels of the next line read in any case. */
  expectNoGroup(): void;
  /** Where the value begins in the text. */
  readonly valueAt: number;
  /** The value, if it is a number. */
  readonly value: number;
  /** The fields of a composite value, by name. */
  readonly composite: ReadonlyMap<string, string> | undefined;
  /** The timestamp in Unix milliseconds. */
  readonly timestamp: number | undefined;
  /** The start time in Unix milliseconds. */
  readonly startTime: number | undefined;
  /** The exemplars. */
  readonly exemplars: Exemplar[] | undefined;
}

/** Undoes the escapes of a label value or a name, and of HELP; there without `\"` in text. */
export function unescaped(text: string, withQuotes: boolean): string {
  if (!text.includes('\\')) return text;
  let plain = '';
  let from = 0;
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', from)) {
    const c = text.charAt(at + 1);
    const isEscape = c === '\\' || c === 'n' || (withQuotes && c === '"');
    // An unknown escape is no escape: its backslash stays.
    plain += text.slice(from, at) + (isEscape ? (c === 'n' ? '\n' : c) : '\\');
    from = at + (isEscape ? 2 : 1);
  }
  return plain + text.slice(from);
}

/** How many characters the names and values of labels have. */
export function lengthOf(labels: Readonly<Record<string, string>>): number {
  let length = 0;
  for (const text of Object.entries(labels).flat()) {
    // A pair of surrogates is one character.
    length += text.length - (text.match(/[\ud800-\udbff]/g)?.length ?? 0);
  }
  return length;
}

/** Whether a quote of HELP is not escaped. */
export function hasBareQuote(help: string): boolean {
  for (let at = help.indexOf('"'); at >= 0; at = help.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (help.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return true;
  }
  return false;
}
