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
  #bytes: Buffer | undefined;

  constructor(family: SampledFamily, sections: readonly Section[], format: PageFormat) {
    this.#family = family;
    this.#sections = sections;
    this.#format = format;
  }

  /** Its bytes now; undefined if it is left out. The last ones, if no label or value differs. */
  of(report: SelfReport): Buffer | undefined {
    const samples = this.#family.samples(report, this.#format.plan);
    if (samples === undefined) return undefined;
    const before = this.#lines;
    const lines: Line[] = [];
    let isSame = true;
    for (const [labels, value] of samples) {
      const last = before[lines.length];
      const hasKey = last !== undefined && haveSameLabels(last.labels, labels);
      isSame &&= hasKey && Object.is(last.value, value);
      const key = hasKey ? last.key : keyOf(this.#family.name, labels);
      lines.push({ labels, key, value });
    }
    if (this.#bytes !== undefined && isSame && lines.length === before.length) return this.#bytes;
    this.#lines = lines;
    this.#bytes = this.#write(lines);
    return this.#bytes;
  }

  #write(lines: readonly Line[]): Buffer {
    const { encoder } = this.#format;
    const text = Buffer.from(lines.map(({ key, value }) => lineOf(key, value)).join(''));
    const parts: Buffer[] = [];
    for (const part of familyTexts(this.#sections, [{ text }], encoder)) {
      if (part === undefined) continue;
      parts.push(typeof part === 'string' ? Buffer.from(part, encoder.charset) : part.text);
    }
    return Buffer.concat(parts);
  }
}

function haveSameLabels(some: Sample[0], others: Sample[0]): boolean {
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
