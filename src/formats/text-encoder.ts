import type { CompositeText, TailText } from '../model/value/index.ts';
import {
  bucketsOf,
  type CompositeWriter,
  PairLines,
  projectComposites,
  TotalLine,
} from './composite-lines.ts';
import type { EncodedLines, Encoder, ExposedFamily, Section } from './encoder.ts';
import { eachLine, isReadable, milliseconds, readableLines } from './lines.ts';
import { helpLine, typeLine } from './metadata-lines.ts';

/**
 * Prometheus text 0.0.4, and 1.0.0, which adds quoted names alone: HELP, TYPE, then the lines.
 *
 * It cannot say all that a family may hold:
 *
 * - Units, start times, exemplars and native buckets are left out. A histogram of native buckets
 *   alone has one bucket of all its observations.
 * - An info and a stateset are gauges; an unknown is untyped.
 * - A gauge histogram is a histogram of its buckets, and two gauges, `_gcount` and `_gsum`, as in
 *   client_java and client_python. It has no buckets if one of their counts is negative: Go's parser
 *   rejects the page.
 * - A sample of a time before 1970 is left out, as are names with U+0000: no parser reads them.
 */
export const textEncoder: Encoder = {
  charset: 'utf8',
  needsLength: false,
  arrangesMetrics: false,
  sections: (family) => (isReadable(family.name) ? sectionsOf(family) : []),
  pageEnd: '',
};

function sectionsOf(family: ExposedFamily): readonly Section[] {
  const { name } = family;
  switch (family.type) {
    case 'summary':
      return [
        section(
          family,
          'summary',
          compositeWriter(name, new PairLines(name, 'quantile', canonical)),
        ),
      ];
    case 'histogram':
      return [
        section(
          family,
          'histogram',
          compositeWriter(name, new PairLines(`${name}_bucket`, 'le', canonical)),
        ),
      ];
    case 'gaugehistogram':
      return gaugeHistogramSections(family);
    case 'counter':
      return [section(family, 'counter')];
    case 'unknown':
      return [section(family, 'untyped')];
    default:
      return [section(family, 'gauge')];
  }
}

/**
 * @param write - undefined for numbers.
 * @param exposed - the section's name, if it is not the family's.
 */
function section(
  { name, help }: ExposedFamily,
  word: string,
  write?: CompositeWriter,
  exposed: string = name,
): Section {
  const head = helpLine(exposed, help, false) + typeLine(exposed, word);
  return {
    head: () => head,
    body: (given) => {
      const lines = readableLines(given, name);
      return write === undefined ? numbers(lines) : projectComposites(lines, name, write);
    },
    foot: '',
  };
}

function numbers(lines: EncodedLines): Buffer {
  if (lines.tails === undefined) return lines.text;
  let text = '';
  eachLine(lines, (key, value, tail) => {
    const time = timeText(tail);
    if (time !== undefined) text += `${key} ${value}${time}\n`;
  });
  return Buffer.from(text);
}

/** What stands behind a value; undefined for a time that the format does not have. */
function timeText({ timestamp }: TailText): string | undefined {
  if (timestamp === undefined) return '';
  return timestamp.startsWith('-') ? undefined : ` ${milliseconds(timestamp)}`;
}

/** A writer of composites whose time the format has. */
function timed(
  write: (labels: string, composite: CompositeText, time: string) => string,
): CompositeWriter {
  return (labels, composite, tail) => {
    const time = timeText(tail);
    return time === undefined ? undefined : write(labels, composite, time);
  };
}

const canonical = (threshold: string): string => threshold;

/** Writes the lines of a summary or a histogram: its pairs, its sum and its count. */
function compositeWriter(name: string, pairs: PairLines): CompositeWriter {
  const sum = new TotalLine(`${name}_sum`);
  const count = new TotalLine(`${name}_count`);
  return timed(
    (labels, composite, time) =>
      pairs.write(labels, bucketsOf(composite), () => time) +
      sum.write(labels, composite.sum, time) +
      count.write(labels, composite.count, time),
  );
}

function gaugeHistogramSections(family: ExposedFamily): readonly Section[] {
  const { name } = family;
  const buckets = new PairLines(`${name}_bucket`, 'le', canonical);
  const count = new TotalLine(`${name}_gcount`);
  const sum = new TotalLine(`${name}_gsum`);
  return [
    section(
      family,
      'histogram',
      timed((labels, composite, time) => {
        const pairs = bucketsOf(composite);
        return hasNegatives(pairs) ? '' : buckets.write(labels, pairs, () => time);
      }),
    ),
    section(
      family,
      'gauge',
      timed((labels, composite, time) => count.write(labels, composite.count, time)),
      `${name}_gcount`,
    ),
    section(
      family,
      'gauge',
      timed((labels, composite, time) => sum.write(labels, composite.sum, time)),
      `${name}_gsum`,
    ),
  ];
}

/** Whether a count is negative, of thresholds and counts in turn. */
function hasNegatives(pairs: readonly string[]): boolean {
  return pairs.some((text, i) => i % 2 === 1 && text.startsWith('-'));
}
