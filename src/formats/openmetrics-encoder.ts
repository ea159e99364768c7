import type { FamilyType } from '../model/family-metadata.ts';
import { KeyFrame, readPairs } from '../model/key/index.ts';
import { openMetricsName } from '../model/projected-names.ts';
import {
  type CompositeText,
  type ExemplarText,
  joinTail,
  readNumber,
  type TailText,
} from '../model/value/index.ts';
import {
  bucketsOf,
  type CompositeWriter,
  PairLines,
  projectComposites,
  TotalLine,
} from './composite-lines.ts';
import type { EncodedLines, Encoder, ExposedFamily, Section } from './encoder.ts';
import { exemplarsByBucket, newestExemplar } from './exemplars.ts';
import { eachLine, isReadable, readableLines } from './lines.ts';
import { helpLine, typeLine, unitLine } from './metadata-lines.ts';

/**
 * OpenMetrics 1.0.0 and 0.0.1, whose bytes are the same: TYPE, UNIT, HELP, then the lines; `# EOF`
 * at the end. A counter's family is named without `_total`, an info's without `_info`. One that
 * cannot be named so is `unknown`: its name lacks the end, or another family has a name that it
 * lays claim to (OpenMetrics 1.0.0, Suffixes). A counter that is `unknown` has no exemplars and no
 * line of its start. All states of one set stand together.
 *
 * It cannot say all that a family may hold:
 *
 * - Native buckets are left out. A histogram of native buckets alone has one bucket of all its
 *   observations.
 * - A histogram whose counts are not whole numbers is left out, and so is a gauge histogram whose
 *   counts are negative or fall.
 * - `_sum` and `_count` are left out if the sum is NaN or negative, or a threshold is negative. So
 *   are `_gsum` and `_gcount` if the sum is NaN, or is negative and no threshold is.
 * - Of a counter or a bucket the newest exemplar is shown, if it has 128 characters at most.
 * - All states of a set are one metric, and so are all infos of a family. A set has no time unless
 *   all its states have the same; infos have none unless all of them have one.
 * - A unit is left out that the family's name does not end in.
 * - Names with U+0000 are left out, which no parser reads.
 *
 * It departs from OpenMetrics 1.0.0 in this:
 *
 * - Names are written as they are given, also those that are reserved: label names that begin with
 *   an underscore (Label), and names of gauges that end as samples of other types do (Suffixes).
 * - Names that the classic grammar does not have are written in quotes, as Prometheus reads them.
 * - The Content-Type has Prometheus's parameter `escaping`.
 */
export const openMetricsEncoder: Encoder = encoder(false);

/** The same with a line `_created` for each start time. */
export const openMetricsCreatedEncoder: Encoder = encoder(true);

function encoder(hasCreated: boolean): Encoder {
  return {
    charset: 'utf8',
    needsLength: false,
    arrangesMetrics: true,
    sections: (family) => (isReadable(family.name) ? [section(family, hasCreated)] : []),
    pageEnd: '# EOF\n',
  };
}

function section(family: ExposedFamily, hasCreated: boolean): Section {
  const { name, openMetricsType: type, help, unit } = family;
  const base = openMetricsName(name, type) ?? name;
  const hasUnit = type !== 'info' && type !== 'stateset' && base.endsWith(`_${unit}`);
  const head =
    typeLine(base, type) + unitLine(base, hasUnit ? unit : undefined) + helpLine(base, help, true);
  const created = hasCreated ? new TotalLine(`${base}_created`) : undefined;
  const write = compositeWriter(name, type, created);
  return {
    head: () => head,
    body: (given) => {
      const lines = readableLines(given, name);
      if (write !== undefined) return projectComposites(lines, name, write);
      if (lines.tails === undefined) return lines.text;
      return type === 'counter' ? counters(lines, name, created) : numbers(lines);
    },
    foot: '',
  };
}

function numbers(lines: EncodedLines): Buffer {
  let text = '';
  eachLine(lines, (key, value, tail) => (text += `${key} ${value}${timeText(tail)}\n`));
  return Buffer.from(text);
}

function counters(lines: EncodedLines, name: string, created: TotalLine | undefined): Buffer {
  const frame = new KeyFrame(name);
  let text = '';
  eachLine(lines, (key, value, tail) => {
    const exemplar = newestExemplar(tail.exemplars.filter(isFit));
    text += `${key} ${value}${endText(tail, exemplar)}\n`;
    text += createdText(created, frame.labelsOf(key), tail);
  });
  return Buffer.from(text);
}

/** Undefined for a type whose values are numbers. */
function compositeWriter(
  name: string,
  type: FamilyType,
  created: TotalLine | undefined,
): CompositeWriter | undefined {
  switch (type) {
    case 'summary':
      return summaryWriter(name, created);
    case 'histogram':
      return histogramWriter(name, created);
    case 'gaugehistogram':
      return gaugeHistogramWriter(name);
    default:
      return undefined;
  }
}

function summaryWriter(name: string, created: TotalLine | undefined): CompositeWriter {
  const quantiles = new PairLines(name, 'quantile', threshold);
  const totals = totalsWriter(name, '_sum', '_count');
  return (labels, composite, tail) => {
    const time = timeText(tail);
    const hasTotals = !hasLowSum(composite);
    return (
      quantiles.write(labels, composite.pairs ?? [], () => time) +
      (hasTotals ? totals(labels, composite, time) : '') +
      createdText(created, labels, tail)
    );
  };
}

function histogramWriter(name: string, created: TotalLine | undefined): CompositeWriter {
  const buckets = bucketsWriter(name);
  const totals = totalsWriter(name, '_sum', '_count');
  return (labels, composite, tail) => {
    if (hasFractions(composite)) return undefined;
    const hasTotals = !hasLowSum(composite) && !hasNegativeThreshold(composite);
    return (
      buckets(labels, composite, tail) +
      (hasTotals ? totals(labels, composite, timeText(tail)) : '') +
      createdText(created, labels, tail)
    );
  };
}

function gaugeHistogramWriter(name: string): CompositeWriter {
  const buckets = bucketsWriter(name);
  const totals = totalsWriter(name, '_gsum', '_gcount');
  return (labels, composite, tail) => {
    if (hasFractions(composite) || isOnlyGauge(composite)) return undefined;
    const isNaNSum = composite.sum === 'NaN';
    const hasTotals = !isNaNSum && (!hasLowSum(composite) || hasNegativeThreshold(composite));
    return (
      buckets(labels, composite, tail) +
      (hasTotals ? totals(labels, composite, timeText(tail)) : '')
    );
  };
}

type TextWriter<End> = (labels: string, composite: CompositeText, end: End) => string;

function bucketsWriter(name: string): TextWriter<TailText> {
  const buckets = new PairLines(`${name}_bucket`, 'le', threshold);
  return (labels, composite, tail) => {
    const exemplars = exemplarsByBucket(composite, tail.exemplars.filter(isFit));
    const end = (bucket: number): string => endText(tail, exemplars.get(bucket));
    return buckets.write(labels, bucketsOf(composite), end);
  };
}

function totalsWriter(name: string, sumEnd: string, countEnd: string): TextWriter<string> {
  const sum = new TotalLine(name + sumEnd);
  const count = new TotalLine(name + countEnd);
  return (labels, composite, time) =>
    sum.write(labels, composite.sum, time) + count.write(labels, composite.count, time);
}

function createdText(created: TotalLine | undefined, labels: string, tail: TailText): string {
  if (created === undefined || tail.startTime === undefined) return '';
  return created.write(labels, tail.startTime, timeText(tail));
}

/** A threshold always has a point or an exponent (OpenMetrics 1.0.0, Considerations: Numbers). */
function threshold(text: string): string {
  return /[.eI]/.test(text) ? text : `${text}.0`;
}

/** Whether a sum is negative or NaN; -0 is neither. */
function hasLowSum({ sum }: CompositeText): boolean {
  return !((readNumber(sum) ?? Number.NaN) >= 0);
}

/** Thresholds rise, so the first is the least. */
function hasNegativeThreshold(composite: CompositeText): boolean {
  return bucketsOf(composite)[0]?.startsWith('-') ?? false;
}

/** Whether counts are negative or fall, which parsers reject in gauge histograms too. */
function isOnlyGauge({ kind }: CompositeText): boolean {
  return kind === 'gaugehistogram';
}

function hasFractions(composite: CompositeText): boolean {
  const counts = bucketsOf(composite).filter((_, i) => i % 2 === 1);
  return [composite.count, ...counts].some((count) => !Number.isInteger(readNumber(count)));
}

function timeText({ timestamp }: TailText): string {
  return timestamp === undefined ? '' : ` ${timestamp}`;
}

/** What stands behind the value of a line that may have an exemplar. */
function endText({ timestamp }: TailText, exemplar: ExemplarText | undefined): string {
  const exemplars = exemplar === undefined ? [] : [exemplar];
  return joinTail({ timestamp, startTime: undefined, exemplars });
}

/** The most characters of an exemplar's labels (OpenMetrics 1.0.0, Exemplars). */
const MOST_CHARACTERS = 128;

function isFit({ labels }: ExemplarText): boolean {
  if (!isReadable(labels)) return false;
  if (labels.length <= MOST_CHARACTERS) return true;
  const pairs = Object.entries(readPairs(labels, 0)?.labels ?? {});
  return (pairs.flat().join('').match(/./gsu) ?? []).length <= MOST_CHARACTERS;
}
