import type { SnapshotPoint } from '../../model/metric-point.ts';
import type { PointPages } from './snapshot-reading.ts';
import { SampleReader } from './stored-sample.ts';

/** The points of a snapshot, each page of them taken apart when it is come to. */
export class PointStream implements AsyncIterableIterator<SnapshotPoint> {
  readonly #source: PointPages;
  readonly #pages: AsyncGenerator<readonly string[], void, undefined>;
  readonly #reader: SampleReader = new SampleReader();
  #lines: readonly string[] = [];
  #next = 0;

  constructor(source: PointPages) {
    this.#source = source;
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
    while (this.#next >= this.#lines.length) {
      const page = await this.#pages.next();
      if (page.done === true) return { done: true, value: undefined };
      this.#lines = page.value;
      this.#next = 0;
    }
    const at = this.#next;
    this.#next += 2;
    return { done: false, value: this.#reader.sample(this.#lines[at]!, this.#lines[at + 1]!) };
  }

  async return(): Promise<IteratorResult<SnapshotPoint, undefined>> {
    this.#lines = [];
    await this.#pages.return();
    return { done: true, value: undefined };
  }
}
