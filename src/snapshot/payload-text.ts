import { readNumber, tailStart, valueKind } from '../model/value/index.ts';

/** The number that a value's text is; NaN for a composite. */
export function numberIn(value: string): number {
  return (valueKind(value) === 'number' ? readNumber(value) : undefined) ?? Number.NaN;
}

/** What stands behind the value of a payload; undefined for nothing. */
export function tailOf(payload: string): string | undefined {
  const start = tailStart(payload);
  return start === payload.length ? undefined : payload.slice(start);
}
