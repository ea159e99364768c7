import type { FamilyMetadata, MetricPoint } from '../../dist/index.js';
import { Random } from '../workload/random.ts';

const FAMILIES = ['added', 'changed', 'closed', 'merged', 'opened', 'removed', 'reviewed', 'seen'];

/** The labels of each series here. */
export interface Labels {
  readonly org: string;
  readonly repo: string;
  readonly user: string;
}

interface OwnPoint {
  name: string;
  labels: Labels;
  value: number;
}

/**
 * What an ordinary exporter knows: gauges of eight families with three labels, of which all values
 * change each time. 7/8 of the values are integers below 5 000, 1/16 have three decimals, 1/16 are
 * any doubles.
 */
export class ExporterData {
  readonly families: readonly FamilyMetadata[] = FAMILIES.map((name) => ({
    name: `git_activity_${name}_last_24h`,
    type: 'gauge',
    help: `What was ${name} in the last 24 hours.`,
  }));
  readonly #points: OwnPoint[];
  readonly #random = new Random(42);

  constructor(series: number) {
    const perFamily = Math.ceil(series / FAMILIES.length);
    this.#points = Array.from({ length: series }, (_, i) => {
      const at = i % perFamily;
      return {
        name: this.families[Math.floor(i / perFamily)]!.name,
        labels: {
          org: `org-${at % 5}`,
          repo: `repository-${String(Math.floor(at / 50)).padStart(4, '0')}`,
          user: `user-${String(Math.floor(at / 5) % 10).padStart(2, '0')}`,
        },
        value: this.#value(),
      };
    });
  }

  /** Gives all series other values, or a share of them, chosen by chance. */
  change(share = 1): void {
    const points = this.#points;
    const count = Math.round(points.length * share);
    for (let i = 0; i < count; i++) {
      const point = points[share === 1 ? i : this.#random.below(points.length)]!;
      const before = point.value;
      while (point.value === before) point.value = this.#value();
    }
  }

  /** The points: the same objects each time. */
  reused(): readonly MetricPoint[] {
    return this.#points;
  }

  /** The points as new objects, which most sources make. */
  fresh(): MetricPoint[] {
    return this.#points.map(({ name, labels: { org, repo, user }, value }) => {
      return { name, labels: { org, repo, user }, value };
    });
  }

  /** The sum of all values: a page must have the same. */
  sum(): number {
    return this.#points.reduce((sum, { value }) => sum + value, 0);
  }

  #value(): number {
    const kind = this.#random.below(16);
    if (kind === 0) return this.#random.below(5_000_000) / 1000;
    return kind === 1 ? this.#random.next() * 5000 : this.#random.below(5000);
  }
}
