import type { Awaitable } from '../model/snapshot-reader.ts';

/**
 * What is asked of a registry: the `Registry` of `prom-client` or of `@prometheus-io/client` has
 * it, and neither package is imported.
 */
export interface MetricRegistry {
  /** Collects: returns every metric and its values as they are now. */
  getMetricsAsJSON(): Awaitable<readonly RegistryMetricValues[]>;
  /** Returns every metric, without collecting. */
  getMetricsAsArray(): readonly RegistryMetric[];
  /**
   * What the registry was made to write; that of OpenMetrics has `_total` added to counters' names.
   */
  readonly contentType?: string | undefined;
}

/** What a registry says of a metric. */
export interface RegistryMetric {
  /** The name as it was declared; that of a counter may lack `_total`. */
  readonly name: string;
  /** The explanation. */
  readonly help?: string | undefined;
  /**
   * `counter`, `gauge`, `histogram` or `summary`; type declarations of `prom-client` say otherwise.
   */
  readonly type?: unknown;
}

/** A metric with its values. */
export interface RegistryMetricValues extends RegistryMetric {
  /** The samples; none where there are none. */
  readonly values?: readonly RegistryValue[] | undefined;
}

/** One sample of a metric. */
export interface RegistryValue {
  /** The value. */
  readonly value: number;
  /** The labels, default labels of the registry among them; none where there are none. */
  readonly labels?: Readonly<Record<string, unknown>> | null | undefined;
  /** The sample's name, where it is not the metric's: `_bucket`, `_sum` and `_count`. */
  readonly metricName?: string | undefined;
  /** The exemplar of a counter or a bucket; null or undefined if it has none. */
  readonly exemplar?: RegistryExemplar | null | undefined;
}

/** An exemplar as registries keep it. */
export interface RegistryExemplar {
  /** Its labels. */
  readonly labelSet?: Readonly<Record<string, unknown>> | null | undefined;
  /** The observed value. */
  readonly value: number;
  /** Unix seconds. */
  readonly timestamp?: number | undefined;
}
