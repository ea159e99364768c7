import { splitLabels, unescapeLabelValue } from '../model/key/index.ts';
import { type ExemplarText, readNumber, type TailText } from '../model/value/index.ts';
import { milliseconds } from './lines.ts';
import { bytesField, bytesOf, doubleField, integerField, timeField } from './protobuf-message.ts';

/** The number that a text of a payload is; payloads are sound. */
export function numberOf(text: string): number {
  return readNumber(text) ?? Number.NaN;
}

/** The field of a `LabelPair`; name and value are bytes as characters. */
export function labelField(name: string, value: string): string {
  return bytesField(1, bytesField(1, name) + bytesField(2, value));
}

/** The field of an `Exemplar`. */
export function exemplarField(field: number, exemplar: ExemplarText): string {
  let fields = '';
  for (const [label, escaped] of splitLabels(exemplar.labels.slice(1, -1))) {
    fields += labelField(bytesOf(label), bytesOf(unescapeLabelValue(escaped)));
  }
  fields += doubleField(2, numberOf(exemplar.value));
  const { timestamp } = exemplar;
  if (timestamp !== undefined) fields += timeField(3, milliseconds(timestamp));
  return bytesField(field, fields);
}

/** The field `start_timestamp`; empty without a start time. */
export function startField(field: number, { startTime }: TailText): string {
  return startTime === undefined ? '' : timeField(field, milliseconds(startTime));
}

/** The field `timestamp_ms` of a metric; empty without a timestamp. */
export function timestampField({ timestamp }: TailText): string {
  return timestamp === undefined ? '' : integerField(6, milliseconds(timestamp));
}
