import type { ContentCoding } from '../exposition/content-coding.ts';
import type { ExpositionSyntax } from '../exposition/format.ts';

/** What a page may be compressed as before anybody asks for it. */
export interface PageForm {
  readonly syntax: ExpositionSyntax;
  readonly coding: Exclude<ContentCoding, 'identity'>;
}

/** What Prometheus asks for. */
const EXPECTED: readonly PageForm[] = [{ syntax: 'openmetrics', coding: 'gzip' }];

/**
 * For how many snapshots nobody may ask for a form before it is not made ahead any more. Where more
 * snapshots than that come between two scrapes, making each ahead would throw away ten for every one
 * that is sent: the scrape itself compresses then, and sends while it does.
 */
const PATIENCE = 10;

/**
 * Remembers in which forms pages were asked for lately, so that new snapshots are compressed before the
 * next scrape, and not for scrapers that never want it.
 */
export class CompressionWarmth {
  readonly #unused: Map<string, { readonly form: PageForm; snapshots: number }>;
  readonly #patience: number;

  /**
   * @param expected - what counts as asked for before the first scrape: by default what Prometheus asks
   * for.
   * @param patience - for how many snapshots without a scrape a form is still made ahead.
   */
  constructor(expected: readonly PageForm[] = EXPECTED, patience: number = PATIENCE) {
    this.#unused = new Map(expected.map((form) => [keyOf(form), { form, snapshots: 0 }]));
    this.#patience = patience;
  }

  /** Notes a scrape. */
  asked(form: PageForm): void {
    this.#unused.set(keyOf(form), { form, snapshots: 0 });
  }

  /** The forms to make of a new snapshot. */
  wanted(): readonly PageForm[] {
    for (const [key, unused] of this.#unused) {
      if (unused.snapshots >= this.#patience) this.#unused.delete(key);
      else unused.snapshots++;
    }
    return Array.from(this.#unused.values(), ({ form }) => form);
  }
}

function keyOf({ syntax, coding }: PageForm): string {
  return `${syntax} ${coding}`;
}
