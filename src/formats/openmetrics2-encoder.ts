import type { FamilyType } from '../model/family-metadata.ts';
import {
  type ExemplarText,
  gaugeHistogramText,
  joinTail,
  type TailText,
} from '../model/value/index.ts';
import type { EncodedLines, Encoder, ExposedFamily, Section } from './encoder.ts';
import { eachLine, isReadable, readableLines } from './lines.ts';
import { helpLine, typeLine, unitLine } from './metadata-lines.ts';

/**
 * OpenMetrics 2.0.0, as of its release candidate: TYPE, UNIT, HELP, then the lines; `# EOF` at the
 * end. A family is named as its samples are, and a histogram or summary is one line.
 *
 * It cannot say all that a family may hold:
 *
 * - Exemplars without a time are left out, and so are those of gauges, infos, states and summaries.
 * - The start time is left out but for counters, histograms and summaries; the unit is left out for
 *   infos and states.
 * - Names and exemplars with U+0000 are left out, which no parser reads.
 *
 * It departs from OpenMetrics 2.0.0 in this: names are written as they are given, also those that
 * are reserved; and the Content-Type has Prometheus's parameter `escaping`.
 */
export const openMetrics2Encoder: Encoder = {
  charset: 'utf8',
  needsLength: false,
  arrangesMetrics: false,
  sections: (family) => (isReadable(family.name) ? [section(family)] : []),
  pageEnd: '# EOF\n',
};

const WITHOUT_UNIT: ReadonlySet<FamilyType> = new Set(['info', 'stateset']);
const WITH_START: ReadonlySet<FamilyType> = new Set(['counter', 'histogram', 'summary']);
const WITH_EXEMPLARS: ReadonlySet<FamilyType> = new Set(['counter', 'histogram', 'gaugehistogram']);

function section({ name, type, help, unit }: ExposedFamily): Section {
  const head =
    typeLine(name, type) +
    unitLine(name, WITHOUT_UNIT.has(type) ? undefined : unit) +
    helpLine(name, help, true);
  return {
    head: () => head,
    body: (given) => {
      const lines = readableLines(given, name);
      const isCanonical = lines.tails === undefined && type !== 'gaugehistogram';
      return isCanonical ? lines.text : projected(lines, type);
    },
    foot: '',
  };
}

function projected(lines: EncodedLines, type: FamilyType): Buffer {
  const valueText = type === 'gaugehistogram' ? gaugeHistogramText : (value: string) => value;
  let text = '';
  eachLine(lines, (key, value, tail) => {
    text += `${key} ${valueText(value)}${tailText(tail, type)}\n`;
  });
  return Buffer.from(text);
}

function tailText({ timestamp, startTime, exemplars }: TailText, type: FamilyType): string {
  const isShown = (exemplar: ExemplarText): boolean =>
    exemplar.timestamp !== undefined && isReadable(exemplar.labels);
  return joinTail({
    timestamp,
    startTime: WITH_START.has(type) ? startTime : undefined,
    exemplars: WITH_EXEMPLARS.has(type) ? exemplars.filter(isShown) : [],
  });
}
