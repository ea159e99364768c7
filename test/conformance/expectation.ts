import type { FamilyMetadata, SnapshotPoint } from '../../src/index.ts';
import type { Content, Format } from './formats.ts';
import type { JudgeName } from './judges.ts';
import { type ReadFamily, type Reading, type ReadSample, valueBits } from './reading.ts';

/**
 * What a judge should read when it is asked to read some content.
 *
 * Written from the formats' specifications and without the code under test. Where a judge departs
 * from them, the departure is a named function below.
 */
export function expectedReading(content: Content, format: Format, judge: JudgeName): Reading {
  const samples = content.points.map(expectedSample);
  const families = expectedFamilies(content, format);
  if (judge === 'expfmt') {
    return { samples, families: families.map(format.isOpenMetrics ? withSampleName : blankless) };
  }
  if (judge !== 'python') {
    return { samples, families: format.isOpenMetrics ? families : families.map(withoutBlankHelp) };
  }
  return {
    samples: samples.map(withoutNegativeZero).map(totalAdder(format, content)),
    families: families.map(format.isOpenMetrics ? trimmedInOpenMetrics : trimmedInText),
  };
}

function expectedSample({ name, labels, value }: SnapshotPoint): ReadSample {
  // An empty value is no label (OpenMetrics 1.0.0, Label).
  const pairs = Object.entries(labels).filter(([, text]) => text !== '');
  return { labels: [['__name__', name], ...pairs], value: valueBits(value as number) };
}

function expectedFamilies(content: Content, format: Format): ReadFamily[] {
  const declared = new Map(content.families?.map((family) => [family.name, family]));
  const names = new Set(content.points.map(({ name }) => name));
  return [...names].map((name) => {
    const family = declared.get(name) ?? { name, type: 'gauge' };
    if (!format.isOpenMetrics) return inText(family);
    return inOpenMetrics(family, content.clashing?.includes(name) ?? false);
  });
}

function inText({ name, type, help }: FamilyMetadata): ReadFamily {
  // A UNIT line of the text format is a comment.
  return { name, type, ...(help ? { help } : {}) };
}

function inOpenMetrics(family: FamilyMetadata, isClashing: boolean): ReadFamily {
  const { name, type, help, unit } = family;
  const isCounter = type === 'counter' && name.endsWith('_total') && !isClashing;
  const ownName = isCounter ? name.slice(0, -'_total'.length) : name;
  return {
    name: ownName,
    type: type === 'counter' && !isCounter ? 'unknown' : type,
    ...(help ? { help } : {}),
    ...(unit && ownName.endsWith(`_${unit}`) ? { unit } : {}),
  };
}

/** Prometheus takes help of nothing but blanks and NULs for empty help, in the text format. */
function withoutBlankHelp(family: ReadFamily): ReadFamily {
  const isBlank = !/[^ \t\0]/.test(family.help ?? '');
  return isBlank ? { ...family, help: '' } : family;
}

/** `expfmt` drops blanks at the start of help, in the text format. */
function blankless(family: ReadFamily): ReadFamily {
  return { ...family, help: family.help?.replace(/^[ \t]+/, '') ?? '' };
}

/** `expfmt` calls a counter by its sample's name in OpenMetrics too. */
function withSampleName(family: ReadFamily): ReadFamily {
  return family.type === 'counter' ? { ...family, name: `${family.name}_total` } : family;
}

/** Python reads `-0` as an integer, which has no sign. */
function withoutNegativeZero(sample: ReadSample): ReadSample {
  return sample.value === valueBits(-0) ? { ...sample, value: valueBits(0) } : sample;
}

/** Python's text parser renames the samples of a counter without `_total`. */
function totalAdder(format: Format, content: Content): (sample: ReadSample) => ReadSample {
  const counters = new Set(
    format.isOpenMetrics ? [] : content.families?.filter(isPlainCounter).map(({ name }) => name),
  );
  return (sample) => ({
    ...sample,
    labels: sample.labels.map(([label, text]) =>
      label === '__name__' && counters.has(text) ? [label, `${text}_total`] : [label, text],
    ),
  });
}

function isPlainCounter({ name, type }: FamilyMetadata): boolean {
  return type === 'counter' && !name.endsWith('_total');
}

/** Python's OpenMetrics parser drops spaces at the start of help. */
function trimmedInOpenMetrics(family: ReadFamily): ReadFamily {
  return family.help === undefined ? family : { ...family, help: family.help.replace(/^ +/, '') };
}

/** Python's text parser strips each line and takes `_total` off the name of a counter's family. */
function trimmedInText(family: ReadFamily): ReadFamily {
  const name = family.type === 'counter' ? family.name.replace(/_total$/, '') : family.name;
  if (family.help === undefined) return { ...family, name };
  return { ...family, name, help: stripEnd(family.help.replace(ASCII_SPACE_START, '')) };
}

// Neither holds the line feed, which is escaped.
const ASCII_SPACE_START = /^[ \t\r\v\f]+/;
const PYTHON_SPACES =
  '\t\v\f\r\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005' +
  '\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000';

function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && PYTHON_SPACES.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}
