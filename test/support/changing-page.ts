import { createHash } from 'node:crypto';
import type { SnapshotPoint, SnapshotReader } from '../../src/index.ts';

const FAMILIES = ['fam_0', 'fam_1', 'fam_2', 'fam_3'] as const;
/** The first family of each page: its value says which state the page is of. */
const STATE = /^# TYPE a_state gauge\na_state (\d+)\n/;

/** How many series change from one state to the next. */
export type Change = 'all' | 'some' | 'few' | 'come and go';

/** Some MiB of series that change, and what the page of each of their states is. */
export class ChangingPage implements SnapshotReader {
  /** The state they are in. */
  state = 0;
  /** After how many points a read fails. */
  failsAfter: number = Number.POSITIVE_INFINITY;
  readonly #random: () => number;
  readonly #points: SnapshotPoint[] = [];
  readonly #present: boolean[] = [];
  readonly #digests = new Map<string, string>();

  /** @param random - returns numbers from 0 to 1. */
  constructor(random: () => number, series = 8000, lineBytes = 400) {
    this.#random = random;
    const pad = 'x'.repeat(lineBytes - 40);
    for (let i = 0; i < series; i++) {
      const name = FAMILIES[Math.floor((i * FAMILIES.length) / series)]!;
      const labels = { i: String(i).padStart(8, '0'), pad };
      this.#points.push({ name, labels, value: this.#value(), updatedAt: 1 });
      this.#present.push(true);
    }
    this.#note();
  }

  /** All points, in series order. */
  *snapshot(): Generator<SnapshotPoint, void, undefined> {
    yield { name: 'a_state', labels: {}, value: this.state, updatedAt: 1 };
    let given = 0;
    for (const [at, point] of this.#points.entries()) {
      if (++given > this.failsAfter) throw new Error('halfway');
      if (this.#present[at]) yield { ...point };
    }
  }

  /** Turns to the next state. */
  change(change: Change): void {
    this.state++;
    const share = { all: 1, some: 0.05, few: 0.0005, 'come and go': 0.002 }[change];
    for (const [at, point] of this.#points.entries()) {
      if (share < 1 && this.#random() >= share) continue;
      if (change === 'come and go') this.#present[at] = !this.#present[at];
      else this.#points[at] = { ...point, value: this.#value() };
    }
    this.#note();
  }

  /** What is wrong with a page; undefined for nothing. */
  fault(page: string, what: 'all' | 'fam_2' = 'all', since = 0): string | undefined {
    const state = what === 'all' ? Number(STATE.exec(page)?.[1]) : undefined;
    if (state !== undefined && !(state >= since)) return `state ${state} rather than ${since}`;
    const digest = digestOf(page);
    if (state !== undefined && this.#digests.get(`${what} ${state}`) === digest) return undefined;
    const isKnown = [...this.#digests].some(
      ([of, known]) => of.startsWith(what) && known === digest,
    );
    if (what !== 'all' && isKnown) return undefined;
    // As text, 0xDB is no UTF-8.
    return `of ${what}, ${page.length} bytes, poison at ${page.indexOf('\ufffd')}`;
  }

  /** The page of some points of one state. */
  static pageOf(points: Iterable<SnapshotPoint>): string {
    let page = '';
    let last: string | undefined;
    for (const { name, labels, value } of points) {
      if (name !== last) page += `# TYPE ${name} gauge\n`;
      last = name;
      const { i, pad } = labels;
      const key = i === undefined ? name : `${name}{i="${i}",pad="${pad}"}`;
      page += `${key} ${String(value)}\n`;
    }
    return page;
  }

  #value(): number {
    const value = Math.floor(this.#random() * 10 ** Math.floor(this.#random() * 7));
    return this.#random() < 0.1 ? value / 8 : value;
  }

  #note(): void {
    const { failsAfter } = this;
    this.failsAfter = Number.POSITIVE_INFINITY;
    const points = [...this.snapshot()];
    this.failsAfter = failsAfter;
    this.#digests.set(`all ${this.state}`, digestOf(ChangingPage.pageOf(points)));
    const selected = points.filter(({ name }) => name === 'fam_2');
    this.#digests.set(`fam_2 ${this.state}`, digestOf(ChangingPage.pageOf(selected)));
  }
}

function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
