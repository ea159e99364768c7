import { DOT, MINUS, NINE, ZERO } from './characters.ts';

// Numbers as Prometheus reads them: what Go's strconv takes, not what JavaScript's Number() takes.

const POWERS = Array.from({ length: 23 }, (_, power) => 10 ** power);
const HEX = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?[pP]([+-]?[0-9]{1,9})$/;
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['inf', Infinity],
  ['infinity', Infinity],
  ['nan', Number.NaN],
]);

/**
 * Reads a decimal number, an infinity or NaN as `strconv.ParseFloat` does; undefined for anything
 * else and for a number that is too large.
 */
function parseFloatText(text: string): number | undefined {
  const length = text.length;
  let at = 0;
  let c = text.charCodeAt(0);
  if (c === 0x2b || c === 0x2d) c = text.charCodeAt(++at);
  const digitsAt = at;
  let digits = 0;
  while (c >= 0x30 && c <= 0x39) c = text.charCodeAt(++at);
  digits = at - digitsAt;
  if (at === length && digits > 0) return finite(Number(text));
  if (c === 0x2e) {
    const fractionAt = at + 1;
    do c = text.charCodeAt(++at);
    while (c >= 0x30 && c <= 0x39);
    digits += at - fractionAt;
  }
  if (digits === 0) return parseSpecial(text);
  if (c === 0x65 || c === 0x45) {
    c = text.charCodeAt(++at);
    if (c === 0x2b || c === 0x2d) c = text.charCodeAt(++at);
    const exponentAt = at;
    while (c >= 0x30 && c <= 0x39) c = text.charCodeAt(++at);
    if (at === exponentAt) return undefined;
  }
  return at === length ? finite(Number(text)) : undefined;
}

function finite(value: number): number | undefined {
  return value === Infinity || value === -Infinity ? undefined : value;
}

function parseSpecial(text: string): number | undefined {
  if (text.length > 9) return undefined;
  const sign = text.charCodeAt(0);
  const isSigned = sign === 0x2b || sign === 0x2d;
  const value = SPECIAL.get((isSigned ? text.slice(1) : text).toLowerCase());
  if (value === undefined || (isSigned && Number.isNaN(value))) return undefined;
  return sign === 0x2d ? -value : value;
}

/** The number that stands in a part of a text; undefined if there is none. */
export function numberIn(text: string, from: number, end: number): number | undefined {
  let at = from;
  let c = text.charCodeAt(at);
  const isNegative = c === MINUS;
  if (isNegative) c = text.charCodeAt(++at);
  const digitsAt = at;
  let mantissa = 0;
  while (c >= ZERO && c <= NINE) {
    mantissa = mantissa * 10 + (c - ZERO);
    c = text.charCodeAt(++at);
  }
  let decimals = 0;
  if (c === DOT && at > digitsAt) {
    c = text.charCodeAt(++at);
    const decimalsAt = at;
    while (c >= ZERO && c <= NINE) {
      mantissa = mantissa * 10 + (c - ZERO);
      c = text.charCodeAt(++at);
    }
    decimals = at - decimalsAt;
  }
  // Up to here both numbers are exact, so that their quotient is rounded once.
  if (at === end && at > digitsAt && at - digitsAt <= 16 && mantissa < 9e15) {
    const value = decimals === 0 ? mantissa : mantissa / POWERS[decimals]!;
    return isNegative ? -value : value;
  }
  return end - from > 4096 ? undefined : parseFloatText(text.slice(from, end));
}

// An underscore stands between digits, or behind the prefix.
const LOOSE_UNDERSCORE = /(?:^|[^0-9a-fA-FxX])_|_(?:[^0-9a-fA-F]|$)/;

/**
 * As {@link parseFloatText}, with hexadecimal numbers and underscores too, which Prometheus reads
 * in composites and bounds.
 */
export function parseGoFloat(text: string): number | undefined {
  const value = parseFloatText(text);
  if (value !== undefined || text.length > 64) return value;
  if (LOOSE_UNDERSCORE.test(text)) return undefined;
  const plain = text.replaceAll('_', '');
  const match = HEX.exec(plain);
  if (match === null)
    return plain === text || /[a-df-z]/i.test(text) ? undefined : parseFloatText(plain);
  const [, sign, whole = '', fraction = '', exponent] = match;
  if (whole + fraction === '') return undefined;
  const result = scaled(BigInt(`0x${whole}${fraction}`), Number(exponent) - 4 * fraction.length);
  return result === undefined ? undefined : sign === '-' ? -result : result;
}

/** The number nearest to `bits × 2^power`. */
function scaled(bits: bigint, power: number): number | undefined {
  if (bits === 0n) return 0;
  if (power > 2000) return undefined;
  if (power < -2000) return 0;
  if (power >= 0) return finite(Number(bits << BigInt(power)));
  // More digits than a double holds are rounded by the division of the numbers only if both fit.
  const length = bits.toString(2).length;
  if (length <= 53)
    return Number(bits) * 2 ** Math.max(power, -1000) * 2 ** Math.min(power + 1000, 0);
  return finite(Number(bits) * 2 ** power);
}

const INTEGER = /^[+-]?[0-9]{1,20}$/;

/** Reads a whole number as `strconv.ParseInt(text, 10, 64)` does. */
export function parseGoInteger(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** Seconds of a page in milliseconds, cut as Prometheus cuts them. */
export function cutMilliseconds(seconds: number): number {
  const value = Math.trunc(seconds * 1000);
  // Go makes the smallest integer of what does not fit; -0 is no integer.
  return Math.abs(value) >= 2 ** 63 ? -(2 ** 63) : value + 0;
}

/** Writes a number as Go's OpenMetrics writers do, which is how Prometheus keeps `le`: `1.0`. */
function formatBound(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity || value === -Infinity) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return '0.0';
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (power < -4 || power >= 6) {
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** A bound as Prometheus keeps it; a text that is no number stays. */
export function normalBound(text: string): string {
  const bound = text.length > 4096 ? undefined : parseGoFloat(text);
  return bound === undefined ? text : formatBound(bound);
}

const SPACES =
  '\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACE_START = new RegExp(`^[${SPACES}]+`);
const SPACE_END = new RegExp(`(?<![${SPACES}])[${SPACES}]+$`);

/** Cuts what Go counts as space off both ends. */
export function trimSpaces(text: string): string {
  return text.replace(SPACE_START, '').replace(SPACE_END, '');
}
