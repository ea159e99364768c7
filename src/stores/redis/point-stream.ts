import type { SnapshotPoint } from '../../model/metric-point.ts';
import { type OnForeign, SampleReader } from './stored-sample.ts';

/** The points of a snapshot, each page of them taken apart when it is come to. */
export class PointStream implements AsyncIterableIterator<SnapshotPoint> {
  /** The cursor of exactly these points; undefined until all of them were read. */
  cursor: string | undefined;
  readonly #pages: AsyncGenerator<readonly string[], string, undefined>;
  readonly #reader: SampleReader;
  #lines: readonly string[] = [];
  #next = 0;

  /**
   * @param pages - ids and texts of samples in turn, and the cursor in the end.
   * @param onForeign - is called with what the pages have and is no sample.
   */
  constructor(pages: AsyncGenerator<readonly string[], string, undefined>, onForeign: OnForeign) {
    this.#pages = pages;
    this.#reader = new SampleReader(onForeign);
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
      if (page.done === true) {
        this.cursor ??= page.value;
        return { done: true, value: undefined };
      }
      this.#lines = page.value;
      this.#next = 0;
    }
  }

  async return(): Promise<IteratorResult<SnapshotPoint, undefined>> {
    this.#lines = [];
    await this.#pages.return('');
    return { done: true, value: undefined };
  }
}
