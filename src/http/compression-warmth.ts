import type { ContentCoding } from '../formats/content-coding.ts';
import type { ExpositionSyntax } from '../formats/format.ts';

/** A form in which a page may be compressed before the scrape. */
export interface PageForm {
  readonly syntax: ExpositionSyntax;
  readonly coding: Exclude<ContentCoding, 'identity'>;
}

/** What Prometheus asks for. */
const EXPECTED: readonly PageForm[] = [{ syntax: 'openmetrics', coding: 'gzip' }];

/**
 * A form that was not scraped during so many snapshots is no longer made ahead. If more snapshots
 * come between two scrapes, most of that work would be thrown away: the scrape compresses while it
 * sends.
 */
const PATIENCE = 10;

/**
 * Remembers the forms that were scraped lately, so that new snapshots are compressed in these
 * before the next scrape.
 */
export class CompressionWarmth {
  readonly #unused: Map<string, { readonly form: PageForm; snapshots: number }>;

  /**
   * @param expected - what to make before the first scrape: by default what Prometheus asks for.
   */
  constructor(expected: readonly PageForm[] = EXPECTED) {
    this.#unused = new Map(expected.map((form) => [keyOf(form), { form, snapshots: 0 }]));
  }

  /** Notes a scrape. */
  asked(form: PageForm): void {
    this.#unused.set(keyOf(form), { form, snapshots: 0 });
  }

  /** The forms to make of a new snapshot. */
  wanted(): readonly PageForm[] {
    for (const [key, unused] of this.#unused) {
      if (unused.snapshots >= PATIENCE) this.#unused.delete(key);
      else unused.snapshots++;
    }
    return Array.from(this.#unused.values(), ({ form }) => form);
  }
}

function keyOf({ syntax, coding }: PageForm): string {
  return `${syntax} ${coding}`;
}
