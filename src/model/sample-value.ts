/**
 * Writes a sample value as the shortest decimal that reads back to the same double.
 *
 * The text is valid in every text format (OpenMetrics 1.0.0 ABNF `number`; Go `ParseFloat`), so one
 * finished line serves them all. -0 keeps its sign. Go's writer turns to exponents earlier; parsers
 * read both alike.
 */
export function formatSampleValue(value: number): string {
  // The shortest form of -0 that JavaScript knows is `0`, which would lose the sign.
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}
