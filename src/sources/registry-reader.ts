import { SnapscrapeError } from '../model/errors.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import { type Checked, checkOptions, invalidOptions, isFunction } from '../model/options.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import { Assembler } from './assembler.ts';
import type { MetricRegistry, RegistryMetricValues } from './metric-registry.ts';
import { exemplarsOf, exposedName, familyOf, labelsOf, typeOf } from './registry-families.ts';

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
 * Each read collects once. Counters and gauges are taken as they are; histograms and summaries are
 * whole, with the exemplars that the registry keeps. A histogram or summary that is not sound, such
 * as a summary of negative values, stays in flat samples: `_sum` and `_count` are gauges then, and
 * its quantiles are rejected. One metric whose `collect()` throws fails the read, as the registry
 * has a reply for all metrics or none. In `prom-client`, whose `getMetricsAsJSON()` is asked, a
 * default label takes the place of a metric's own label of that name if its value is empty, 0 or
 * false.
 *
 * @throws SnapscrapeError `invalid_options` if the registry is not a registry or an option is
 *   wrong.
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
      for (const metric of registry.getMetricsAsArray()) yield familyOf(metric, contentType);
    },
  };
}

/**
 * The points of metrics. Entries of counters and gauges are the registry's own and live on, so
 * their values and exemplars are taken at once: the points are read out later, in slices.
 */
function pointsOf(
  metrics: readonly RegistryMetricValues[],
  contentType: string | undefined,
  updatedAt: number,
): Iterable<MetricPoint> {
  const now = metrics.map(({ values = [] }) =>
    values.map(({ value, exemplar }) => ({ value, exemplar })),
  );
  return {
    *[Symbol.iterator]() {
      for (const [at, metric] of metrics.entries()) {
        const family = exposedName(metric, contentType);
        // Registries write the count of a histogram or summary behind its other samples.
        const assembler = new Assembler([[family, typeOf(metric)]], true);
        for (const [i, { labels, metricName: name = family }] of (metric.values ?? []).entries()) {
          const { value, exemplar } = now[at]![i]!;
          const point = {
            name,
            labels: labelsOf(labels),
            value,
            updatedAt,
            ...exemplarsOf(exemplar),
          };
          if (assembler.take(point)) yield* assembler.takeWhole();
          else yield point;
        }
        yield* assembler.takeRest();
      }
    },
  };
}

function noMetrics(): SnapscrapeError {
  return new SnapscrapeError(
    'invalid_source_reply',
    "The registry's getMetricsAsJSON() did not return an array; give a registry of prom-client or @prometheus-io/client",
  );
}
