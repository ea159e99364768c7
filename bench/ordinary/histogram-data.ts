import type { FamilyMetadata, HistogramValue, MetricPoint } from '../../dist/index.js';
import { Random } from '../workload/random.ts';

/** The upper bounds of the buckets, without the infinite one. */
export const BOUNDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Observed {
  readonly labels: { readonly path: string; readonly code: string };
  readonly buckets: Float64Array;
  sum: number;
  count: number;
}

/** Histograms of twelve buckets, each of which observes one value in each cycle. */
export class HistogramData {
  readonly families: readonly FamilyMetadata[] = [
    { name: 'lag_seconds', type: 'histogram', help: 'How late.' },
  ];
  /** What each histogram observed last. */
  readonly observed: Float64Array;
  readonly #histograms: readonly Observed[];
  readonly #random = new Random(42);

  constructor(size: number) {
    this.observed = new Float64Array(size);
    this.#histograms = Array.from({ length: size }, (_, i) => ({
      labels: { path: `/api/v${i}`, code: '200' },
      buckets: new Float64Array(BOUNDS.length),
      sum: 0,
      count: 0,
    }));
    this.change();
  }

  /** Labels by position. */
  labels(at: number): { readonly path: string; readonly code: string } {
    return this.#histograms[at]!.labels;
  }

  /** Each histogram observes a value. */
  change(): void {
    for (const [i, histogram] of this.#histograms.entries()) {
      const value = this.#random.below(12_000) / 1000;
      this.observed[i] = value;
      histogram.sum += value;
      histogram.count++;
      for (let at = BOUNDS.length - 1; at >= 0 && value <= BOUNDS[at]!; at--) {
        histogram.buckets[at]!++;
      }
    }
  }

  /** The points as new objects. */
  fresh(): MetricPoint[] {
    return this.#histograms.map(({ labels, buckets, sum, count }) => {
      const pairs = BOUNDS.map((bound, i) => [bound, buckets[i]!] as const);
      const value: HistogramValue = { count, sum, buckets: [...pairs, [Infinity, count]] };
      return { name: 'lag_seconds', labels: { ...labels }, value };
    });
  }

  /** How much all histograms have observed: the sum of the lines of counts. */
  sum(): number {
    return this.#histograms.reduce((sum, { count }) => sum + count, 0);
  }
}
