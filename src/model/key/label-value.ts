// The characters that need a second look in a label value: those that the text formats escape, and
// surrogates, which may stand alone. One scan is enough for nearly every value.
const RARE = /["\\\n\ud800-\udfff]/;
const ESCAPED = /["\\\n]/g;

/**
 * The text of a label value as it came from outside: `String()` of numbers and booleans, and the
 * empty text, which is no label, of undefined. Returns undefined for everything else.
 */
export function labelText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value === undefined ? '' : undefined;
}

/** How a label value goes into a line: as text, or not at all. */
export const MALFORMED: unique symbol = Symbol('malformed');

/**
 * Escapes a label value as both text formats do: backslash, double quote and line feed (OpenMetrics
 * 1.0.0 ABNF `escaped-string`; Prometheus text format 0.0.4).
 *
 * Returns {@link MALFORMED} for a lone surrogate, which has no UTF-8 form.
 */
export function escapeLabelValue(value: string): string | typeof MALFORMED {
  if (!RARE.test(value)) return value;
  if (!value.isWellFormed()) return MALFORMED;
  return value.replace(ESCAPED, (c) => (c === '\n' ? '\\n' : `\\${c}`));
}

/** Undoes {@link escapeLabelValue}. */
export function unescapeLabelValue(text: string): string {
  if (!text.includes('\\')) return text;
  // Split, as a match for each of millions of backslashes would take gigabytes.
  const parts = text.split('\\\\');
  return parts.map((part) => part.replaceAll('\\n', '\n').replaceAll('\\"', '"')).join('\\');
}
