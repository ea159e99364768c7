import type { ExpositionSyntax } from '../exposition/format.ts';

/** For how many snapshots without a gzip scrape a syntax is still compressed ahead. */
const PATIENCE = 10;

/**
 * Remembers in which syntaxes gzip was asked for lately, so that new snapshots are compressed before
 * the next scrape, and not for scrapers that never want it.
 */
export class GzipWarmth {
  readonly #unused: Map<ExpositionSyntax, number>;
  readonly #patience: number;

  /**
   * @param expected - what counts as asked for before the first scrape: OpenMetrics by default, as
   * Prometheus asks for it.
   * @param patience - for how many snapshots without a gzip scrape a syntax is still compressed ahead.
   */
  constructor(
    expected: readonly ExpositionSyntax[] = ['openmetrics'],
    patience: number = PATIENCE,
  ) {
    this.#unused = new Map(expected.map((syntax) => [syntax, 0]));
    this.#patience = patience;
  }

  /** Notes a gzip scrape. */
  asked(syntax: ExpositionSyntax): void {
    this.#unused.set(syntax, 0);
  }

  /** The syntaxes to compress a new snapshot in. */
  wanted(): readonly ExpositionSyntax[] {
    for (const [syntax, unused] of this.#unused) {
      if (unused >= this.#patience) this.#unused.delete(syntax);
      else this.#unused.set(syntax, unused + 1);
    }
    return [...this.#unused.keys()];
  }
}
