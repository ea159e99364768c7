import type { FamilyMetadata, SnapshotPoint } from '../../dist/index.js';
import { LabelTables, type NameStyle } from './label-tables.ts';
import { Random } from './random.ts';

/** What happens to the workload between two refreshes. */
export interface Change {
  /**
   * `value`: that share of the series gets new values. `new`: that share is added. `deleted`: what
   * was added is removed again. `full`: nothing changes, but everything is read again.
   */
  readonly kind: 'value' | 'new' | 'deleted' | 'full';
  /** The share of all series, from 0 to 1. `new` and `deleted` are always of 1 %. */
  readonly share: number;
}

/** How large a workload is and what its names look like. */
export interface WorkloadShape {
  readonly series: number;
  readonly names: NameStyle;
}

const ORGS = 5;
/** What is added and removed again, spread among the other series. */
const SPARE_SHARE = 0.01;
const START = 1_700_000_000_000;
const FAMILY_NAMES = [
  'added',
  'changed',
  'closed',
  'merged',
  'opened',
  'removed',
  'reviewed',
  'seen',
];

/**
 * The series that all subjects are measured with: gauge families with three labels, about 88 bytes
 * a line; 7/8 of the values are integers below 5000, 1/16 have three decimals, 1/16 are full
 * doubles.
 *
 * It holds typed arrays and some tables of names, and makes objects on demand, so that what a
 * subject holds is known apart from what its source holds.
 */
export class Workload {
  /** Metric names, in order. */
  readonly families: readonly FamilyMetadata[];
  /** How many places there are: series that are present and spare ones. */
  readonly places: number;
  readonly values: Float64Array;
  readonly updatedAt: Float64Array;
  /** 1 where a series is present. */
  readonly present: Uint8Array;
  readonly #tables: LabelTables;
  readonly #perFamily: number;
  readonly #random = new Random(42);
  readonly #spares: Uint32Array;
  /** The places that are always present, shuffled a little more with each change. */
  readonly #order: Uint32Array;
  #now: number = START;

  constructor({ series, names }: WorkloadShape) {
    const familyCount = series > 12_000 ? FAMILY_NAMES.length : 1;
    const users = series > 12_000 ? 10 : 8;
    this.places = series + Math.ceil(series * SPARE_SHARE);
    this.#perFamily = Math.ceil(this.places / familyCount);
    const repos = Math.ceil(this.#perFamily / (ORGS * users));
    this.#tables = new LabelTables({ orgs: ORGS, repos, users }, names);
    this.families = FAMILY_NAMES.slice(0, familyCount).map((name) => ({
      name: `git_activity_${name}_last_24h`,
      type: 'gauge',
      help: `What was ${name} in the last 24 hours.`,
    }));
    this.values = Float64Array.from({ length: this.places }, () => this.#value());
    this.updatedAt = new Float64Array(this.places).fill(START);
    this.present = new Uint8Array(this.places).fill(1);
    const shuffled = shuffle(
      Uint32Array.from({ length: this.places }, (_, i) => i),
      this.#random,
    );
    this.#spares = shuffled.slice(series);
    this.#order = shuffled.slice(0, series);
    for (const place of this.#spares) this.present[place] = 0;
  }

  /** The name of the series at a place. Places in order are series in the order of their ids. */
  name(place: number): string {
    return this.families[Math.floor(place / this.#perFamily)]!.name;
  }

  /** The labels of the series at a place, as a new object. */
  labels(place: number): { org: string; repo: string; user: string } {
    return this.#tables.labels(place % this.#perFamily);
  }

  /** The point at a place, as a new object. */
  point(place: number): SnapshotPoint {
    return {
      name: this.name(place),
      labels: this.labels(place),
      value: this.values[place]!,
      updatedAt: this.updatedAt[place]!,
    };
  }

  /** The points that are present, in the order of their ids. */
  *points(): Generator<SnapshotPoint, void, undefined> {
    for (let place = 0; place < this.places; place++) {
      if (this.present[place] === 1) yield this.point(place);
    }
  }

  /** Makes a change and returns the places that it touched, in no order. */
  change({ kind, share }: Change): Uint32Array {
    if (kind === 'full') return new Uint32Array(0);
    this.#now += 1000;
    if (kind === 'value') return this.#changeValues(Math.round(this.#order.length * share));
    for (const place of this.#spares) {
      this.present[place] = kind === 'new' ? 1 : 0;
      this.updatedAt[place] = this.#now;
    }
    return this.#spares;
  }

  #changeValues(count: number): Uint32Array {
    const touched = shuffle(this.#order, this.#random, count).slice(0, count);
    for (const place of touched) {
      const before = this.values[place]!;
      while (this.values[place] === before) this.values[place] = this.#value();
      this.updatedAt[place] = this.#now;
    }
    return touched;
  }

  #value(): number {
    const kind = this.#random.below(16);
    if (kind < 14) return this.#random.below(5000);
    return kind === 14 ? this.#random.below(5_000_000) / 1000 : this.#random.next() * 5000;
  }
}

/** Shuffles the first `count` items in place: the beginning of a Fisher–Yates shuffle. */
function shuffle(items: Uint32Array, random: Random, count: number = items.length): Uint32Array {
  for (let i = 0; i < count; i++) {
    const other = i + random.below(items.length - i);
    const item = items[i]!;
    items[i] = items[other]!;
    items[other] = item;
  }
  return items;
}
