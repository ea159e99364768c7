import type { EscapingScheme } from '../model/key/index.ts';
import type { Encoder } from './encoder.ts';
import { openMetricsCreatedEncoder, openMetricsEncoder } from './openmetrics-encoder.ts';
import { openMetrics2Encoder } from './openmetrics2-encoder.ts';
import { protobufEncoder } from './protobuf-encoder.ts';
import { textEncoder } from './text-encoder.ts';

/** One of the formats on offer. */
export interface OfferedFormat {
  /** What writes it. */
  readonly encoder: Encoder;
  /** In lower case. */
  readonly mediaType: string;
  /** What a clause of `Accept` must say, and the Content-Type says, by name. */
  readonly parameters: Readonly<Record<string, string>>;
  /** What a clause means that does not say it. */
  readonly defaults?: Readonly<Record<string, string>>;
  /** The escaping of a clause that names none. */
  readonly escaping: EscapingScheme;
}

/** The format of one response. */
export interface ExpositionFormat extends OfferedFormat {
  /** The escaping scheme that the scraper asked for with this format, else the format's own. */
  readonly escaping: EscapingScheme;
  /** The exact `Content-Type`. */
  readonly contentType: string;
}

function text(version: string): OfferedFormat {
  return {
    encoder: textEncoder,
    mediaType: 'text/plain',
    parameters: { version },
    defaults: { version: '0.0.4' },
    escaping: 'underscores',
  };
}

function openMetrics(
  version: string,
  encoder: Encoder,
  escaping: EscapingScheme = 'underscores',
): OfferedFormat {
  return {
    encoder,
    mediaType: 'application/openmetrics-text',
    parameters: { version },
    defaults: { version: '0.0.1' },
    escaping,
  };
}

/** Prometheus text 0.0.4: what everything reads, and the answer when nothing else was asked for. */
export const TEXT_0_0_4: OfferedFormat = text('0.0.4');

const TEXT_1_0_0 = text('1.0.0');
const OPENMETRICS_2_0_0 = openMetrics('2.0.0', openMetrics2Encoder, 'allow-utf-8');

const PROTOBUF: OfferedFormat = {
  encoder: protobufEncoder,
  mediaType: 'application/vnd.google.protobuf',
  parameters: { proto: 'io.prometheus.client.MetricFamily', encoding: 'delimited' },
  escaping: 'underscores',
};

/** What formats a handler offers. */
export interface FormatOptions {
  /** Whether there is more than text. */
  readonly openMetrics: boolean;
  /** Whether OpenMetrics 1 has lines of start times. */
  readonly createdLines: boolean;
}

/** The formats on offer; if a client rejects the default, it gets the first one that it accepts. */
export function offeredFormats(options: FormatOptions): readonly OfferedFormat[] {
  if (!options.openMetrics) return [TEXT_0_0_4, TEXT_1_0_0];
  const encoder = options.createdLines ? openMetricsCreatedEncoder : openMetricsEncoder;
  return [
    TEXT_0_0_4,
    openMetrics('1.0.0', encoder),
    openMetrics('0.0.1', encoder),
    TEXT_1_0_0,
    OPENMETRICS_2_0_0,
    PROTOBUF,
  ];
}

/** The formats that Go's handlers offer by default: all but OpenMetrics. */
export const WITHOUT_OPENMETRICS: readonly OfferedFormat[] = [TEXT_0_0_4, TEXT_1_0_0, PROTOBUF];

/** The format of a response in an offered format. */
export function formatOf(offered: OfferedFormat, escaping: EscapingScheme): ExpositionFormat {
  const words = Object.entries(offered.parameters).map(([name, value]) => `${name}=${value}`);
  if (offered.encoder.charset === 'utf8') words.push('charset=utf-8');
  const contentType = [offered.mediaType, ...words, `escaping=${escaping}`].join('; ');
  return { ...offered, escaping, contentType };
}
