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
    this.#lines = samples.map(([labels, value], i): Line => {
      const last = before[i];
      const hasKey = last !== undefined && haveSameLabels(last.labels, labels);
      return { labels, key: hasKey ? last.key : keyOf(this.#family.name, labels), value };
    });
    this.#text = this.#write(this.#lines);
    return this.#text;
  }

  #write(lines: readonly Line[]): string {
    const { encoder } = this.#format;
    const text = Buffer.from(lines.map(({ key, value }) => lineOf(key, value)).join(''));
    let written = '';
    for (const part of familyTexts(this.#sections, [{ text }], encoder)) {
      if (part === undefined) continue;
      written += typeof part === 'string' ? part : part.text.toString(encoder.charset);
    }
    return written;
  }
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
