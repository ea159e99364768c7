// Character codes of the formats.
export const NUL = 0;
export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const SPACE = 32;
export const QUOTE = 34;
export const HASH = 35;
export const COMMA = 44;
export const MINUS = 45;
export const DOT = 46;
export const ZERO = 48;
export const NINE = 57;
export const EQUALS = 61;
export const BACKSLASH = 92;
export const OPEN = 123;
export const CLOSE = 125;

/** What each ASCII character may be: 1 begins a label name, 2 a metric name, 4 continues a name. */
const CLASSES = new Uint8Array(128);
for (let c = 0; c < 128; c++) {
  const isLetter = (c | 32) >= 97 && (c | 32) <= 122;
  if (isLetter || c === 95) CLASSES[c] = 7;
  else if (c === 58) CLASSES[c] = 2;
  else if (c >= ZERO && c <= NINE) CLASSES[c] = 4;
}

/** Whether a character may begin a metric name without quotes. */
export function beginsMetricName(c: number): boolean {
  return c < 128 && (CLASSES[c]! & 2) !== 0;
}

/** Whether a character may stand in a metric name without quotes. */
export function isInMetricName(c: number): boolean {
  return c < 128 && CLASSES[c] !== 0;
}

/** Whether a character may begin a label name without quotes. */
export function beginsLabelName(c: number): boolean {
  return c < 128 && (CLASSES[c]! & 1) !== 0;
}

/** Whether a character may stand in a label name without quotes. */
export function isInLabelName(c: number): boolean {
  return c < 128 && (CLASSES[c]! & 4) !== 0;
}

/** Whether a character may stand in the name of a field of a composite value. */
export function isInFieldName(c: number): boolean {
  return (c >= 97 && c <= 122) || c === 95;
}
