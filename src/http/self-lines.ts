import type { EncodedFamily, Section } from '../formats/encoder.ts';
import { familyTexts, type PageFormat } from '../formats/exposition.ts';
import { labelPairs, withPairs } from '../model/key/index.ts';
import { formatSampleValue } from '../model/sample-value.ts';
import type { Sample, SelfFamily, SelfReport } from './self-families.ts';

/** One of the exporter's own families, with its whole name. */
export type SampledFamily = EncodedFamily & Pick<SelfFamily, 'samples'>;

interface Line {
  readonly labels: Sample[0];
  readonly key: string;
  readonly value: number;
}

/** What one of the exporter's own families is on the pages of one plan in one format. */
export class SelfLines {
  readonly #family: SampledFamily;
  readonly #sections: readonly Section[];
  readonly #format: PageFormat;
  #lines: readonly Line[] = [];
  #text: string | undefined;
  /** Where the lines begin in the text, if the format writes them as they are. */
  #linesAt: number | undefined;

  constructor(family: SampledFamily, sections: readonly Section[], format: PageFormat) {
    this.#family = family;
    this.#sections = sections;
    this.#format = format;
  }

  /**
   * Its text now, in the encoder's charset; undefined if it is left out. The last one, if no label or
   * value differs.
   */
  of(report: SelfReport): string | undefined {
    const samples = this.#family.samples(report, this.#format.plan);
    if (samples === undefined) return undefined;
    const before = this.#lines;
    const isSame = samples.length === before.length && samples.every(isSampleOf, before);
    if (this.#text !== undefined && isSame) return this.#text;
    let haveSameKeys = samples.length === before.length;
    this.#lines = samples.map(([labels, value], i): Line => {
      const last = before[i];
      const hasKey = last !== undefined && haveSameLabels(last.labels, labels);
      haveSameKeys &&= hasKey;
      return { labels, key: hasKey ? last.key : keyOf(this.#family.name, labels), value };
    });
    this.#text = (haveSameKeys ? this.#rewritten() : undefined) ?? this.#write();
    return this.#text;
  }

  /** The lines with other values behind the same head, where formats write them as they are. */
  #rewritten(): string | undefined {
    if (this.#text === undefined || this.#linesAt === undefined) return undefined;
    return this.#text.slice(0, this.#linesAt) + linesOf(this.#lines);
  }

  #write(): string {
    const { encoder } = this.#format;
    const text = Buffer.from(linesOf(this.#lines));
    let written = '';
    let linesAt: number | undefined;
    for (const part of familyTexts(this.#sections, [{ text }], encoder)) {
      if (part === undefined) continue;
      if (typeof part !== 'string' && part.text === text) linesAt = written.length;
      written += typeof part === 'string' ? part : part.text.toString(encoder.charset);
    }
    // A head may tell how long the lines are.
    const isFixed = !encoder.needsLength && encoder.charset === 'utf8';
    const areLast = this.#sections.length === 1 && this.#sections[0]!.foot === '';
    this.#linesAt = isFixed && areLast ? linesAt : undefined;
    return written;
  }
}

function linesOf(lines: readonly Line[]): string {
  let text = '';
  for (const { key, value } of lines) text += lineOf(key, value);
  return text;
}

/** Whether a sample is that of the line at its place; without an object for the call. */
function isSampleOf(this: readonly Line[], [labels, value]: Sample, at: number): boolean {
  const line = this[at]!;
  return Object.is(line.value, value) && haveSameLabels(line.labels, labels);
}

function haveSameLabels(some: Sample[0], others: Sample[0]): boolean {
  if (some === others) return true;
  const names = Object.keys(some);
  if (names.length !== Object.keys(others).length) return false;
  return names.every((name) => some[name] === others[name]);
}

/** The key of one of the exporter's own series. */
export function keyOf(name: string, labels: Sample[0]): string {
  return withPairs(name, labelPairs(labels));
}

/** The line of one of the exporter's own series. */
export function lineOf(key: string, value: number): string {
  return `${key} ${formatSampleValue(value)}\n`;
}
