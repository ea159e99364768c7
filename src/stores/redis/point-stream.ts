import type { SnapshotPoint } from '../../model/metric-point.ts';
import type { PointPages } from './snapshot-reading.ts';
import { type OnForeign, SampleReader } from './stored-sample.ts';

/** The points of a snapshot, each page of them taken apart when it is come to. */
export class PointStream implements AsyncIterableIterator<SnapshotPoint> {
  readonly #source: PointPages;
  readonly #pages: AsyncGenerator<readonly string[], void, undefined>;
  readonly #reader: SampleReader;
  #lines: readonly string[] = [];
  #next = 0;

  /** @param onForeign - is called with what the pages have and is no sample. */
  constructor(source: PointPages, onForeign: OnForeign) {
    this.#source = source;
    this.#reader = new SampleReader(onForeign);
    this.#pages = source.pages();
  }

  /** The cursor of exactly these points; undefined until all of them were read. */
  get cursor(): string | undefined {
    return this.#source.cursor;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  // Not a generator: that would take three turns of the microtask queue for each point.
  async next(): Promise<IteratorResult<SnapshotPoint, undefined>> {
    for (;;) {
      while (this.#next < this.#lines.length) {
        const at = this.#next;
        this.#next += 2;
        const value = this.#reader.sample(this.#lines[at]!, this.#lines[at + 1]!);
        if (value !== undefined) return { done: false, value };
      }
      const page = await this.#pages.next();
      if (page.done === true) return { done: true, value: undefined };
      this.#lines = page.value;
      this.#next = 0;
    }
  }

  async return(): Promise<IteratorResult<SnapshotPoint, undefined>> {
    this.#lines = [];
    await this.#pages.return();
    return { done: true, value: undefined };
  }
}
