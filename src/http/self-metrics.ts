import type { EncodedFamily, EncodedLines, WholeFamily } from '../formats/encoder.ts';
import type { NamePlan } from '../formats/name-plan.ts';
import type { CountedFamily, CountFamilies } from '../formats/page.ts';
import { labelPairs, withPairs } from '../model/key/index.ts';
import { formatSampleValue } from '../model/sample-value.ts';
import type { Selection, SelectionTerm } from '../selection/selection.ts';
import { type Sample, SELF_FAMILIES, type SelfFamily, type SelfReport } from './self-families.ts';

const SERIES = {
  name: 'series',
  type: 'gauge',
  help: 'Series on this page by family, without those that tell of the exporter itself.',
} as const;

/** Makes the families that tell of the exporter itself, under a prefix. */
export class SelfMetrics {
  /** The names of all of them, whether or not they are shown. */
  readonly names: ReadonlySet<string>;
  readonly #series: EncodedFamily;
  readonly #families: readonly (EncodedFamily & Pick<SelfFamily, 'samples'>)[];
  readonly #isShown: (name: string) => boolean;

  /**
   * @param selection - what the pages show, these metrics among it.
   * @param added - families of the server around the handler.
   */
  constructor(prefix: string, selection: Selection, added: readonly SelfFamily[]) {
    const named = (family: Omit<SelfFamily, 'samples'>): EncodedFamily => {
      const name = prefix + family.name;
      return { name, metadata: { ...family, name } };
    };
    this.#series = named(SERIES);
    this.#families = [...SELF_FAMILIES, ...added].map((family) => ({
      ...named(family),
      samples: family.samples,
    }));
    this.names = new Set([this.#series, ...this.#families].map(({ name }) => name));
    this.#isShown = ownShare(selection, this.#series.name);
  }

  /**
   * The series by family: the part that depends on the snapshot alone and is made once for each.
   */
  readonly countFamilies: CountFamilies = (families, plan, bytesOf) => {
    const { name } = this.#series;
    if (!this.#isOn(name, plan)) return undefined;
    return { ...this.#series, chunks: countLines(name, families, bytesOf) };
  };

  /** The rest, which is made for each scrape. */
  *latest(plan: NamePlan, report: SelfReport): Generator<WholeFamily, void, undefined> {
    for (const { name, metadata, samples } of this.#families) {
      const points = this.#isOn(name, plan) ? samples(report) : undefined;
      if (points === undefined) continue;
      let text = '';
      for (const point of points) text += lineOf(name, point);
      yield { name, metadata, chunks: [{ text: Buffer.from(text) }] };
    }
  }

  /** Whether a page shows a family: it is selected, and its name is not one of the source's. */
  #isOn(name: string, plan: NamePlan): boolean {
    return this.#isShown(name) && !plan.isOfSource(name);
  }
}

function* countLines(
  name: string,
  families: Iterable<CountedFamily>,
  bytesOf: (text: string) => Buffer,
): Generator<EncodedLines, void, undefined> {
  for (const { name: family, series } of families) {
    yield { text: bytesOf(lineOf(name, [{ family }, series])) };
  }
}

function lineOf(name: string, [labels, value]: Sample): string {
  return `${withPairs(name, labelPairs(labels))} ${formatSampleValue(value)}\n`;
}

/**
 * Which of the exporter's own metrics the pages of a selection have.
 *
 * Names and prefixes select them like any others. Of shards only the first has them, so that a sum
 * over shards counts them once; but each shard counts its own series. Selectors select none of
 * them.
 *
 * @param series - the name of the metric that counts the series of a page.
 */
function ownShare(selection: Selection, series: string): (name: string) => boolean {
  return (name) => selection.every((term) => isSelected(term, name, series));
}

function isSelected(term: SelectionTerm, name: string, series: string): boolean {
  switch (term.kind) {
    case 'name':
      return term.names.has(name) || (name.endsWith('_total') && term.names.has(name.slice(0, -6)));
    case 'prefix':
      return term.prefixes.some((prefix) => name.startsWith(prefix));
    case 'match':
      return false;
    case 'shard':
      return name === series || term.shards.some(({ index }) => index === 1);
  }
}
