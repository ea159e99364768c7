import type { ExpositionSyntax } from '../exposition/format.ts';

/** For how many snapshots without a gzip scrape a syntax is still compressed ahead. */
const PATIENCE = 10;

/**
 * Remembers in which syntaxes gzip was asked for lately, so that new snapshots are compressed before
 * the next scrape, and not for scrapers that never want it. Until the first scrape of any kind it
 * counts on OpenMetrics, which Prometheus asks for.
 */
export class GzipWarmth {
  readonly #unused = new Map<ExpositionSyntax, number>([['openmetrics', 0]]);

  /** Notes a gzip scrape. */
  asked(syntax: ExpositionSyntax): void {
    this.#unused.set(syntax, 0);
  }

  /** The syntaxes to compress a new snapshot in. */
  wanted(): readonly ExpositionSyntax[] {
    for (const [syntax, unused] of this.#unused) {
      if (unused >= PATIENCE) this.#unused.delete(syntax);
      else this.#unused.set(syntax, unused + 1);
    }
    return [...this.#unused.keys()];
  }
}
