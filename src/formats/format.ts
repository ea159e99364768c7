import type { Encoder } from './encoder.ts';
import { openMetricsEncoder } from './openmetrics-encoder.ts';
import { textEncoder } from './text-encoder.ts';

/** How a scraper wants names that are not legal in the classic grammar to be written. */
export type EscapingScheme = 'allow-utf-8' | 'underscores' | 'dots' | 'values';

/** One of the formats on offer. */
export interface OfferedFormat {
  /** What writes it. */
  readonly encoder: Encoder;
  /** The format's version parameter. */
  readonly version: string;
}

/** The format of one response. */
export interface ExpositionFormat extends OfferedFormat {
  /** The escaping scheme that the scraper asked for with this format, else `underscores`. */
  readonly escaping: EscapingScheme;
  /** The exact `Content-Type`. */
  readonly contentType: string;
}

/** Prometheus text 0.0.4: what everything reads, and the answer when nothing else was asked for. */
export const TEXT_0_0_4: OfferedFormat = { encoder: textEncoder, version: '0.0.4' };

/** Every format on offer, in the order in which they stand in when the default is refused. */
export const OFFERED_FORMATS: readonly OfferedFormat[] = [
  TEXT_0_0_4,
  { encoder: openMetricsEncoder, version: '1.0.0' },
  { encoder: openMetricsEncoder, version: '0.0.1' },
  { encoder: textEncoder, version: '1.0.0' },
];

/** The format of a response in an offered format. */
export function formatOf(offered: OfferedFormat, escaping: EscapingScheme): ExpositionFormat {
  const { encoder, version } = offered;
  const contentType = `${encoder.mediaType}; version=${version}; charset=utf-8; escaping=${escaping}`;
  return { ...offered, escaping, contentType };
}
