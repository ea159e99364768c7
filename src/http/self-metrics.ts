import type { EncodedFamily, EncodedLines, Encoder, Section } from '../formats/encoder.ts';
import { ownSectionsOf, type PageFormat } from '../formats/exposition.ts';
import type { NamePlan } from '../formats/name-plan.ts';
import type { CountedFamily, CountFamilies } from '../formats/page.ts';
import type { Selection, SelectionTerm } from '../selection/selection.ts';
import { Remembered } from './remembered.ts';
import { SELF_FAMILIES, type SelfFamily, type SelfReport } from './self-families.ts';
import { keyOf, lineOf, type SampledFamily, SelfLines } from './self-lines.ts';

const SERIES = {
  name: 'series',
  type: 'gauge',
  help: 'Series on this page by family, without those that tell of the exporter itself.',
} as const;

/** The sections of families by name. */
type MadeSections = Map<string, readonly Section[]>;

/** Makes the families about the exporter itself, under a prefix. */
export class SelfMetrics {
  /** All of them, whether or not they are shown. */
  readonly families: readonly EncodedFamily[];
  readonly #series: EncodedFamily;
  readonly #families: readonly SampledFamily[];
  readonly #isShown: (name: string) => boolean;
  readonly #seriesKeys = new Remembered<string>();
  readonly #made = new WeakMap<NamePlan, Map<Encoder, MadeSections>>();
  readonly #writers = new WeakMap<NamePlan, Map<Encoder, readonly SelfLines[]>>();

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
    this.families = [this.#series, ...this.#families];
    this.#isShown = ownShare(selection, this.#series.name);
  }

  /**
   * The series by family: the part that depends on the snapshot alone and is made once for each.
   */
  readonly countFamilies: CountFamilies = (families, plan, bytesOf) => {
    if (!this.#isOn(this.#series, plan)) return undefined;
    const { name } = this.#series;
    const keys = (family: string): string =>
      this.#seriesKeys.of(family, () => keyOf(name, { family }));
    const chunks = countLines(keys, shownFamilies(families, plan), bytesOf);
    return { ...this.#series, chunks };
  };

  /** The sections of one of these families, made once for a plan and an encoder. */
  sections(family: EncodedFamily, format: PageFormat): readonly Section[] {
    const { encoder, plan } = format;
    const encoded = this.#made.get(plan) ?? new Map<Encoder, MadeSections>();
    this.#made.set(plan, encoded);
    const sections = encoded.get(encoder) ?? new Map<string, readonly Section[]>();
    encoded.set(encoder, sections);
    const made = sections.get(family.name) ?? ownSectionsOf(family, format);
    sections.set(family.name, made);
    return made;
  }

  /**
   * The text of the rest, in the encoder's charset. What is as it was at the last scrape is not
   * written again.
   */
  latest(format: PageFormat, report: SelfReport): string {
    let text = '';
    for (const lines of this.#writersOf(format)) text += lines.of(report) ?? '';
    return text;
  }

  #writersOf(format: PageFormat): readonly SelfLines[] {
    const { encoder, plan } = format;
    const encoded = this.#writers.get(plan) ?? new Map<Encoder, readonly SelfLines[]>();
    this.#writers.set(plan, encoded);
    const made =
      encoded.get(encoder) ??
      this.#families
        .filter((family) => this.#isOn(family, plan))
        .map((family) => new SelfLines(family, this.sections(family, format), format));
    encoded.set(encoder, made);
    return made;
  }

  /** Whether a page shows a family: it is selected, and its name is not one of the source's. */
  #isOn(family: EncodedFamily, plan: NamePlan): boolean {
    return this.#isShown(family.name) && plan.exposedOwn(family) !== undefined;
  }
}

function* shownFamilies(
  families: Iterable<CountedFamily>,
  plan: NamePlan,
): Generator<CountedFamily, void, undefined> {
  for (const family of families) {
    if (family.series > 0 && !plan.isLeftOut(family.name)) yield family;
  }
}

function* countLines(
  keyOfFamily: (family: string) => string,
  families: Iterable<CountedFamily>,
  bytesOf: (text: string) => Buffer,
): Generator<EncodedLines, void, undefined> {
  for (const { name, series } of families) {
    yield { text: bytesOf(lineOf(keyOfFamily(name), series)) };
  }
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
