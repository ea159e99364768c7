import type { Exemplar, HistogramValue, SummaryValue } from '../model/point-value.ts';
import type { FormatRule } from './fault-rules.ts';

/** The formats that are read: text is 0.0.4 and 1.0.0, OpenMetrics 1 is 0.0.1 and 1.0.0. */
export type ExpositionFormat = 'text' | 'openmetrics' | 'openmetrics2' | 'protobuf';

/**
 * By which rules a page is read.
 *
 * - `specification`: a page that breaks a rule of its format is refused.
 * - `prometheus`: a page is refused if the newest Prometheus server would fail the scrape. What the
 *   server takes is taken.
 * - `tolerant`: lines that Prometheus could not read are skipped and reported; the rest is kept.
 */
export type ParsingRules = 'specification' | 'prometheus' | 'tolerant';

/** The types of families of all formats. */
export type ExposedType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown';

/** A family as a page describes it, under the name that its points carry. */
export interface ExposedFamily {
  /** The name, with `_total` of a counter and `_info` of an info. */
  readonly name: string;
  /** The type; `unknown` if the page says none. */
  readonly type: ExposedType;
  /** The text of HELP, if there is one. */
  readonly help?: string;
  /** The text of UNIT, if there is one. */
  readonly unit?: string;
}

/** A point as a page has it. Histograms and summaries are one point. */
export interface ExposedPoint {
  /** The metric name. */
  readonly name: string;
  /** Labels; without the empty ones. Any name may be an own property, `__proto__` too. */
  readonly labels: Readonly<Record<string, string>>;
  /** A number, or a whole histogram or summary. */
  readonly value: number | HistogramValue | SummaryValue;
  /** The sample's timestamp in Unix milliseconds. */
  readonly timestamp?: number;
  /** When the value began to count, in Unix milliseconds. */
  readonly startTime?: number;
  /** Exemplars in the order of the page. */
  readonly exemplars?: readonly Exemplar[];
}

/** A place of a page. */
export interface PagePlace {
  /** The line, from 1; in protobuf the number of the message. */
  readonly line: number;
  /** The column, from 1, in characters; in protobuf the byte in the message. */
  readonly column: number;
  /** The line, cut to 200 characters around the place; empty in protobuf. */
  readonly excerpt: string;
  /** Where in `excerpt` the place is, from 0. */
  readonly mark: number;
}

/** One place of a page that breaks a rule. */
export interface ExpositionFault extends PagePlace {
  /** The rule's id. */
  readonly rule: FormatRule;
  /** What is wrong here. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** What a page, or a part of it, holds. */
export interface Exposition {
  /** Families in the order of the page. */
  readonly families: readonly ExposedFamily[];
  /** Points in the order of the page. */
  readonly points: readonly ExposedPoint[];
  /** What was skipped, by tolerant rules; at most `maxFaults`. Empty by other rules. */
  readonly faults: readonly ExpositionFault[];
  /** How many faults there were, those that were not kept included. */
  readonly faultCount: number;
}

/** How a page is read. */
export interface ParseOptions {
  /**
   * The format, or the Content-Type header that came with the page. A Content-Type is read as
   * Prometheus reads it. Default `'text'`.
   */
  readonly format?: string | undefined;
  /** The rules. Default `'specification'`. */
  readonly rules?: ParsingRules | undefined;
  /** The most bytes of the page. Default 1 GiB. */
  readonly maxBytes?: number | undefined;
  /** The most bytes of a line, and of a protobuf message. Default 1 MiB; messages 64 MiB. */
  readonly maxLineBytes?: number | undefined;
  /**
   * The most lines of the page; in protobuf metrics, buckets, quantiles, spans and exemplars are
   * counted. Default 100 million.
   */
  readonly maxLines?: number | undefined;
  /** The most families of the page. Default 100 000. */
  readonly maxFamilies?: number | undefined;
  /** The most labels of a sample. Default 1 024. */
  readonly maxLabels?: number | undefined;
  /** The most faults that are kept; all are counted. From 1; default 100. */
  readonly maxFaults?: number | undefined;
}
