/** How lines are framed: which names, types and end marker a page has. */
export type ExpositionSyntax =
  /** OpenMetrics text: TYPE, UNIT and HELP, eight types, `# EOF`. */
  | 'openmetrics'
  /** The Prometheus text format: HELP and TYPE, five types, no end marker. */
  | 'text';

/** How a scraper wants names that are not legal in the classic grammar to be written. */
export type EscapingScheme = 'allow-utf-8' | 'underscores' | 'dots' | 'values';

/** One of the formats on offer. */
export interface OfferedFormat {
  readonly syntax: ExpositionSyntax;
  /** The media type, in lower case. */
  readonly mediaType: string;
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

const OPENMETRICS = 'application/openmetrics-text';
const TEXT = 'text/plain';

/** Prometheus text 0.0.4: what everything reads, and the answer when nothing else was asked for. */
export const TEXT_0_0_4: OfferedFormat = { syntax: 'text', mediaType: TEXT, version: '0.0.4' };

/** Every format on offer, in the order in which they stand in when the default is refused. */
export const OFFERED_FORMATS: readonly OfferedFormat[] = [
  TEXT_0_0_4,
  { syntax: 'openmetrics', mediaType: OPENMETRICS, version: '1.0.0' },
  { syntax: 'openmetrics', mediaType: OPENMETRICS, version: '0.0.1' },
  { syntax: 'text', mediaType: TEXT, version: '1.0.0' },
];

/** The format of a response in an offered format. */
export function formatOf(offered: OfferedFormat, escaping: EscapingScheme): ExpositionFormat {
  const { mediaType, version } = offered;
  const contentType = `${mediaType}; version=${version}; charset=utf-8; escaping=${escaping}`;
  return { ...offered, escaping, contentType };
}
