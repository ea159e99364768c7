import type { SnapshotPoint } from '../../dist/index.js';
import { naiveId } from '../../test/support/naive-page.ts';
import type { Random } from '../workload/random.ts';
import type { ServerCommand } from './protocol.ts';

/** Label values that are hard to write, to sort or to read back. */
const TEXTS = ['', 'plain', '"', '\\', '\\n', '\n', '{a="b"} 1', '\u00e9', '\uff5e', '\u{1f600}'];
const SINGLE_NAMES = ['soak_size_bytes', 'soak_events_total', 'soak_state'];
const SPECIAL_VALUES = [0, -0, Number.NaN, Infinity, -Infinity, 5e-324, 1e21, -2.5e-7];

/** Series that live and die together: one, or a pair whose values are always equal. */
interface Group {
  readonly number: number;
  readonly series: readonly Pick<SnapshotPoint, 'name' | 'labels'>[];
}

/** What the server must hold: the soak's own account of all that it wrote, kept the plain way. */
export class SoakModel {
  /** The points that are, by series. */
  readonly points: Map<string, SnapshotPoint> = new Map();
  readonly #random: Random;
  readonly #size: number;
  readonly #groups: Group[] = [];
  #number = 0;
  #time = 1_700_000_000_000;

  /** @param size - about how many series there are to be. */
  constructor(size: number, random: Random) {
    this.#size = size;
    this.#random = random;
  }

  /** The commands of the next burst of changes; the model has made them already. */
  nextBurst(): ServerCommand[] {
    const kind = this.#random.below(10);
    const few = 1 + this.#random.below(50);
    if (this.points.size < this.#size * 0.98) return [this.#add(1 + this.#random.below(2000))];
    if (this.points.size > this.#size * 1.02 || kind === 0) return [this.#delete(few)];
    if (kind === 1) return [this.#deleteMatching()];
    if (kind === 2) return [this.#add(few), this.#delete(few)];
    // Now and then more than the store's log of changes can hold.
    const many = this.#random.below(60) === 0 ? 6000 : 500;
    return [this.#change(1 + this.#random.below(many))];
  }

  #add(count: number): ServerCommand {
    const points: SnapshotPoint[] = [];
    for (let i = 0; i < count; i++) {
      const group = this.#newGroup();
      this.#groups.push(group);
      points.push(...this.#write(group));
    }
    return { kind: 'write', points };
  }

  #change(count: number): ServerCommand {
    const points: SnapshotPoint[] = [];
    for (let i = 0; i < count; i++) points.push(...this.#write(this.#anyGroup()));
    return { kind: 'write', points };
  }

  #delete(count: number): ServerCommand {
    const ids: string[] = [];
    for (let i = 0; i < count && this.#groups.length > 0; i++) ids.push(...this.#end());
    return { kind: 'delete', ids };
  }

  #deleteMatching(): ServerCommand {
    const at = this.#random.below(this.#groups.length);
    const number = this.#groups[at]!.number;
    this.#end(at);
    return { kind: 'delete-matching', labels: { number: `${number}` } };
  }

  #newGroup(): Group {
    const number = this.#number++;
    const text = TEXTS[this.#random.below(TEXTS.length)]!;
    const labels = { number: `${number}`, text, pad: 'x'.repeat(this.#random.below(80)) };
    const name = SINGLE_NAMES[this.#random.below(SINGLE_NAMES.length)]!;
    const names = this.#random.below(2) === 0 ? ['soak_left', 'soak_right'] : [name];
    return { number, series: names.map((series) => ({ name: series, labels })) };
  }

  #anyGroup(): Group {
    return this.#groups[this.#random.below(this.#groups.length)]!;
  }

  #write({ series }: Group): SnapshotPoint[] {
    const updatedAt = this.#time++;
    const isCounter = series[0]!.name.endsWith('_total');
    const value = isCounter ? this.#random.below(1e9) : this.#value();
    return series.map((one) => {
      const point = { ...one, value, updatedAt };
      this.points.set(naiveId(point), point);
      return point;
    });
  }

  #value(): number {
    const kind = this.#random.below(20);
    if (kind === 0) return SPECIAL_VALUES[this.#random.below(SPECIAL_VALUES.length)]!;
    return kind < 10 ? this.#random.below(5000) : (this.#random.next() - 0.5) * 1e6;
  }

  #end(at: number = this.#random.below(this.#groups.length)): string[] {
    const group = this.#groups[at]!;
    this.#groups[at] = this.#groups[this.#groups.length - 1]!;
    this.#groups.pop();
    const ids = group.series.map(naiveId);
    for (const id of ids) this.points.delete(id);
    return ids;
  }
}
