import type { HistogramValue } from '../point-value.ts';
import type { PointValue } from './value-writer.ts';

/** How large a point may be in the format that needs the most bytes for it: 1 MiB. */
export const MOST_POINT_BYTES = 1_048_576;

/** What a line of a projected composite has beside its key and its count, at most. */
const LINE_BYTES = 64;
/** The lines of a composite beside its buckets or quantiles: sum, count and created. */
const OTHER_LINES = 3;

/**
 * How many bytes a point takes in the format that needs the most, about: a format without
 * composites repeats the key for each bucket.
 */
export function projectedBytes(key: string, value: PointValue, payload: string): number {
  const bytes = Buffer.byteLength(payload);
  if (typeof value === 'number') return Buffer.byteLength(key) + bytes;
  const pairs = 'quantiles' in value ? value.quantiles : (value as HistogramValue).buckets;
  const lines = (pairs?.length ?? 1) + OTHER_LINES;
  return lines * (Buffer.byteLength(key) + LINE_BYTES) + bytes;
}
