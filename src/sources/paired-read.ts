import type { MetricPoint } from '../model/metric-point.ts';
import type { ReadOptions } from '../model/snapshot-reader.ts';
import type { ExposedFamily } from '../parse/index.ts';

/** Families and points that belong together. */
export interface ReadPage {
  readonly families: readonly ExposedFamily[];
  readonly points: readonly MetricPoint[] | Iterable<MetricPoint>;
}

/**
 * One read for `families()` and the `snapshot()` that follows it, so that both are of one page.
 */
export class PairedRead<T extends ReadPage> {
  readonly #read: (options: ReadOptions | undefined) => Promise<T>;
  #held: Promise<T> | undefined;

  constructor(read: (options: ReadOptions | undefined) => Promise<T>) {
    this.#read = read;
  }

  /** Reads anew and holds the page for the next {@link points}. */
  async families(options: ReadOptions | undefined): Promise<readonly ExposedFamily[]> {
    const page = this.#read(options);
    this.#held = page;
    return (await page).families;
  }

  /** The points of the page that is held; without one it is read anew. */
  async points(options: ReadOptions | undefined): Promise<T['points']> {
    const page = this.#held ?? this.#read(options);
    this.#held = undefined;
    return (await page).points;
  }
}
