import { formatSampleValue } from '../sample-value.ts';

/**
 * Writes a threshold or quantile as Go does: `0.5`, `1e-05`, `1e+06`. All formats show this text in
 * `le` and `quantile`; OpenMetrics 1 adds `.0` to a text without point and exponent.
 */
export function thresholdText(value: number): string {
  const size = Math.abs(value);
  // JavaScript turns to exponents later, and writes them without a leading zero.
  if (!Number.isFinite(value) || size === 0 || (size >= 1e-4 && size < 1e6)) {
    return formatSampleValue(value === 0 ? 0 : value);
  }
  const [digits, exponent = ''] = value.toExponential().split('e');
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

/**
 * Reads a number of OpenMetrics or of the Prometheus text format; undefined for any other text.
 * Infinity and NaN may be in any case, as in Prometheus.
 */
export function readNumber(text: string): number | undefined {
  const first = text.charCodeAt(text.charCodeAt(0) === PLUS || text[0] === '-' ? 1 : 0);
  // `Number` also reads white space, the empty text, hexadecimals and `Infinity`.
  if (isDigit(first) || first === POINT) {
    const last = text.charCodeAt(text.length - 1);
    if (!isDigit(last) && last !== POINT) return undefined;
    const value = /[xobXOB]/.test(text) ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  return SPELLED.get(text.toLowerCase());
}

const PLUS = 0x2b;
const POINT = 0x2e;
const SPELLED: ReadonlyMap<string, number> = new Map([
  ['+inf', Number.POSITIVE_INFINITY],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['nan', Number.NaN],
]);

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Writes a time in whole milliseconds as decimal seconds, exactly: `1763990000.123`. */
export function secondsText(milliseconds: number): string {
  const size = Math.abs(milliseconds);
  const sign = milliseconds < 0 ? '-' : '';
  const rest = size % 1000;
  const whole = `${sign}${(size - rest) / 1000}`;
  if (rest === 0) return whole;
  return `${whole}.${String(rest).padStart(3, '0').replace(/0+$/, '')}`;
}

/**
 * Reads decimal seconds as whole milliseconds; undefined for any other text. What is finer than a
 * millisecond is rounded.
 */
export function readSeconds(text: string): number | undefined {
  const seconds = readNumber(text);
  if (seconds === undefined || !Number.isFinite(seconds)) return undefined;
  const point = text.indexOf('.');
  const places = point < 0 ? 0 : text.length - point - 1;
  // Moving the point in the text is exact; a product of doubles is not for times far away.
  const isPlain = places <= 3 && !/e/i.test(text);
  const digits = point < 0 ? text : text.slice(0, point) + text.slice(point + 1);
  const milliseconds = isPlain ? Number(digits) * 10 ** (3 - places) : Math.round(seconds * 1000);
  if (!Number.isSafeInteger(milliseconds)) return undefined;
  return milliseconds === 0 ? 0 : milliseconds;
}
