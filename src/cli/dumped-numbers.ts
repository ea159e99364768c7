// JSON has none of these numbers.
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['+Inf', Number.POSITIVE_INFINITY],
  ['-Inf', Number.NEGATIVE_INFINITY],
  ['-0', -0],
]);

/** For `JSON.stringify`: writes numbers that JSON has not as `{"number":"NaN"}`. */
export function numbersAsObjects(_: string, value: unknown): unknown {
  if (typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  const [name] = [...NUMBERS].find(([, number]) => Object.is(number, value)) ?? [];
  return { number: name };
}

/** For `JSON.parse`: reads what {@link numbersAsObjects} wrote. */
export function objectsAsNumbers(key: string, value: unknown): unknown {
  // Labels are texts, whatever their names.
  if (key === 'labels' || typeof value !== 'object' || value === null) return value;
  const { number, ...rest } = value as { readonly number?: unknown };
  const isNumber = typeof number === 'string' && Object.keys(rest).length === 0;
  return (isNumber ? NUMBERS.get(number) : undefined) ?? value;
}
