import type { FamilyType } from '../model/family-metadata.ts';
import { KeyFrame, splitLabels, unescapeLabelValue } from '../model/key/index.ts';
import { readComposite, type TailText } from '../model/value/index.ts';
import type { EncodedLines, Encoder, ExposedFamily, Section } from './encoder.ts';
import { newestExemplar } from './exemplars.ts';
import { eachLine } from './lines.ts';
import {
  exemplarField,
  labelField,
  numberOf,
  startField,
  timestampField,
} from './protobuf-fields.ts';
import { histogramFields } from './protobuf-histogram.ts';
import { bytesField, bytesOf, doubleField, integerField, varint } from './protobuf-message.ts';

/**
 * Prometheus's Protocol Buffers, delimited: messages `MetricFamily`, each behind its length
 * (prometheus, `prompb/io/prometheus/client/metrics.proto`).
 *
 * It cannot say all that a family may hold:
 *
 * - An info and a stateset are gauges.
 * - Of a counter or a bucket the newest exemplar is shown; native exemplars without a time are left
 *   out, which Prometheus does not read.
 * - Exemplars of gauges, infos, states and summaries are left out.
 * - The start time is left out but for counters, histograms and summaries.
 * - A family without points is left out. Readers take a timestamp of 0 for none.
 */
export const protobufEncoder: Encoder = {
  charset: 'latin1',
  needsLength: true,
  arrangesMetrics: false,
  sections: (family) => [section(family)],
  pageEnd: '',
};

const METRIC_TYPES: Readonly<Record<FamilyType, number>> = {
  counter: 0,
  gauge: 1,
  info: 1,
  stateset: 1,
  summary: 2,
  unknown: 3,
  histogram: 4,
  gaugehistogram: 5,
};

function section({ name, type, help, unit }: ExposedFamily): Section {
  const fields =
    bytesField(1, bytesOf(name)) +
    (help === undefined ? '' : bytesField(2, bytesOf(help))) +
    integerField(3, METRIC_TYPES[type]);
  const foot = unit === undefined ? '' : bytesField(5, bytesOf(unit));
  const write = WRITERS[type];
  return {
    head: (bodyBytes) => varint(fields.length + bodyBytes + foot.length) + fields,
    body: (lines) => metrics(lines, bytesOf(name), write),
    foot,
  };
}

/** Writes the fields of a metric behind its labels. */
type MetricWriter = (value: string, tail: TailText) => string;

function metrics(lines: EncodedLines, name: string, write: MetricWriter): Buffer {
  const frame = new KeyFrame(name);
  let bytes = '';
  eachLine(
    lines,
    (key, value, tail) => {
      let fields = '';
      for (const [label, escaped] of splitLabels(frame.labelsOf(key))) {
        fields += labelField(label, unescapeLabelValue(escaped));
      }
      bytes += bytesField(4, fields + write(value, tail));
    },
    'latin1',
  );
  return Buffer.from(bytes, 'latin1');
}

function numberWriter(field: number): MetricWriter {
  return (value, tail) => bytesField(field, doubleField(1, numberOf(value))) + timestampField(tail);
}

const WRITERS: Readonly<Record<FamilyType, MetricWriter>> = {
  gauge: numberWriter(2),
  info: numberWriter(2),
  stateset: numberWriter(2),
  unknown: numberWriter(5),
  counter: (value, tail) => {
    const exemplar = newestExemplar(tail.exemplars);
    const fields =
      doubleField(1, numberOf(value)) +
      (exemplar === undefined ? '' : exemplarField(2, exemplar)) +
      startField(3, tail);
    return bytesField(3, fields) + timestampField(tail);
  },
  summary: (value, tail) => {
    const { count = '', sum = '', pairs = [] } = readComposite(value) ?? {};
    let fields = integerField(1, numberOf(count)) + doubleField(2, numberOf(sum));
    for (let i = 0; i < pairs.length; i += 2) {
      const quantile =
        doubleField(1, numberOf(pairs[i]!)) + doubleField(2, numberOf(pairs[i + 1]!));
      fields += bytesField(3, quantile);
    }
    return bytesField(4, fields + startField(4, tail)) + timestampField(tail);
  },
  histogram: (value, tail) => timestampField(tail) + bytesField(7, histogramFields(value, tail)),
  gaugehistogram: (value, tail) =>
    timestampField(tail) + bytesField(7, histogramFields(value, { ...tail, startTime: undefined })),
};
