import { SnapscrapeError } from '../model/errors.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import { type Checked, checkOptions, invalidOptions, isFunction } from '../model/options.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import type { MetricRegistry, RegistryMetricValues } from './metric-registry.ts';
import { familiesOf, labelsOf, sampleName } from './registry-families.ts';

/** How a registry is read. Every field may be left out. */
export interface RegistryReaderOptions {
  /** The clock, in Unix milliseconds, for the `updatedAt` of all points. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** The default of every {@link RegistryReaderOptions} field. */
export const REGISTRY_DEFAULTS: Checked<RegistryReaderOptions> = Object.freeze({ now: Date.now });

/** A reader of what a registry holds at the moment of each read. */
export interface RegistryReader extends SnapshotReader {
  /** Collects and returns all samples. What `collect()` of a metric throws, it rejects with. */
  snapshot(): Promise<Iterable<MetricPoint>>;
  /** Returns HELP and TYPE of all metrics, without collecting. */
  families(): Iterable<FamilyMetadata>;
}

/**
 * Makes a snapshot reader of a `prom-client` or `@prometheus-io/client` registry, so that
 * `process_*`, `nodejs_*` and whatever else is counted in the process ride in the same scrape.
 *
 * Each read collects once. Counters and gauges are taken as they are. Histograms and summaries are
 * taken apart into their samples: `_bucket`, `_sum`, `_count` and the quantiles become families of
 * type `unknown` with the metric's HELP. Queries such as `histogram_quantile` work on them; what
 * goes by the type does not. Prometheus 3, for one, rewrites `le="1"` to `le="1.0"` only where it
 * was told of a histogram. Exemplars are left out. One metric whose `collect()` throws fails the
 * read, as the registry answers for all metrics or not at all. In `prom-client`, whose
 * `getMetricsAsJSON()` is asked, a default label takes the place of a metric's own label of that
 * name where its value is empty, 0 or false. Throws `invalid_options` if the registry is not a
 * registry or an option is wrong.
 *
 * @example
 * ```ts
 * import { register } from 'prom-client';
 *
 * createOpenMetricsHandler(mergeReaders([cached, createRegistryReader(register)]));
 * ```
 */
export function createRegistryReader(
  registry: MetricRegistry,
  options?: RegistryReaderOptions,
): RegistryReader {
  const { now } = checkOptions('createRegistryReader', options, REGISTRY_DEFAULTS, {
    now: isFunction,
  });
  const { getMetricsAsJSON, getMetricsAsArray } = (registry ?? {}) as Partial<MetricRegistry>;
  if (typeof getMetricsAsJSON !== 'function' || typeof getMetricsAsArray !== 'function') {
    throw invalidOptions('createRegistryReader', [
      'registry must be one of prom-client or @prometheus-io/client: an object with getMetricsAsJSON() and getMetricsAsArray()',
    ]);
  }
  return {
    async snapshot() {
      const metrics: unknown = await registry.getMetricsAsJSON();
      if (!Array.isArray(metrics)) throw noMetrics();
      return pointsOf(metrics as readonly RegistryMetricValues[], registry.contentType, now());
    },
    *families() {
      const { contentType } = registry;
      for (const metric of registry.getMetricsAsArray()) yield* familiesOf(metric, contentType);
    },
  };
}

/**
 * The points of metrics. Entries of counters and gauges are the registry's own and live on, so
 * their values are taken at once: the points are read out later, in slices.
 */
function pointsOf(
  metrics: readonly RegistryMetricValues[],
  contentType: string | undefined,
  updatedAt: number,
): Iterable<MetricPoint> {
  const values = metrics.map((metric) => (metric.values ?? []).map(({ value }) => value));
  return {
    *[Symbol.iterator]() {
      for (const [at, metric] of metrics.entries()) {
        for (const [i, sample] of (metric.values ?? []).entries()) {
          const name = sampleName(metric, sample, contentType);
          yield { name, labels: labelsOf(sample), value: values[at]![i]!, updatedAt };
        }
      }
    },
  };
}

function noMetrics(): SnapscrapeError {
  return new SnapscrapeError(
    'invalid_source_reply',
    "The registry's getMetricsAsJSON() did not answer with an array; give a registry of prom-client or @prometheus-io/client",
  );
}
