import type { Payload } from '../model/entries.ts';
import { formatSampleValue } from '../model/sample-value.ts';
import { readNumber, thresholdText } from '../model/value/index.ts';

/**
 * A number as Go's encoders of Prometheus write it: the shortest digits, with an exponent from a
 * million on and below a ten-thousandth.
 */
export function goNumber(value: number): string {
  return value === 0 ? formatSampleValue(value) : thresholdText(value);
}

/** A payload whose text is that of Go. Counts stay as they are: their form tells what they count. */
export function goPayload(payload: Payload): Payload {
  if (typeof payload === 'string') {
    return payload.replace(SUM, goField).replace(QUANTILES, (list) => list.replace(VALUE, goField));
  }
  // Go's encoder of the text format has no negative zero.
  if (payload === 0) return 0;
  const text = goNumber(payload);
  return text.includes('e') ? text : payload;
}

const SUM = /(?<=^\{g?count:[^,]*,)(g?sum:)([^,}]*)/;
const QUANTILES = /(?<=,)quantile:\[[^\]]*/;
const VALUE = /([^,[]*:)([^,[\]]*)(?=[,\]]|$)/g;

function goField(_: string, name: string, text: string): string {
  const value = readNumber(text);
  return name + (value === undefined ? text : thresholdText(value));
}
