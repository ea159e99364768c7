import { describe, expect, it } from 'vitest';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import { type Encoder, familyTexts } from './encoder.ts';
import { NamePlan } from './name-plan.ts';
import { openMetricsEncoder } from './openmetrics-encoder.ts';
import { textEncoder } from './text-encoder.ts';

const chunk = { text: Buffer.from('a{b="c"} 1\n') };

/** The head of a family in each format, beside other families, some of them the exporter's own. */
function header(metadata: FamilyMetadata | undefined, name = 'a', ...taken: string[]) {
  const headIn = (encoder: Encoder): string => {
    const half = taken.length >> 1;
    const families = [name, ...taken.slice(half)].sort().map((family) => ({ name: family }));
    const plan = new NamePlan(families, new Set(taken.slice(0, half)));
    const texts = [...familyTexts(encoder, { name, metadata, chunks: [chunk] }, plan)];
    expect(texts[1]).toBe(chunk.text);
    expect(texts).toHaveLength(2);
    return String(texts[0]);
  };
  return { text: headIn(textEncoder), openmetrics: headIn(openMetricsEncoder) };
}

describe('the head of a family', () => {
  it('that nobody declared says gauge', () => {
    expect(header(undefined)).toEqual({
      text: '# TYPE a gauge\n',
      openmetrics: '# TYPE a gauge\n',
    });
  });

  it('of an unknown type says untyped in text', () => {
    expect(header({ name: 'a', type: 'unknown' })).toEqual({
      text: '# TYPE a untyped\n',
      openmetrics: '# TYPE a unknown\n',
    });
  });

  it('escapes help as each format does, and has the unit in OpenMetrics alone', () => {
    const help = 'A "quoted" \\ word\nand \u{1f600}.';
    expect(header({ name: 'a_bytes', type: 'gauge', help, unit: 'bytes' }, 'a_bytes')).toEqual({
      text: '# HELP a_bytes A "quoted" \\\\ word\\nand \u{1f600}.\n# TYPE a_bytes gauge\n',
      openmetrics:
        '# TYPE a_bytes gauge\n# UNIT a_bytes bytes\n' +
        '# HELP a_bytes A \\"quoted\\" \\\\ word\\nand \u{1f600}.\n',
    });
  });

  it('says an empty help', () => {
    expect(header({ name: 'a', type: 'gauge', help: '' })).toEqual({
      text: '# HELP a \n# TYPE a gauge\n',
      openmetrics: '# TYPE a gauge\n# HELP a \n',
    });
  });

  it('of a counter names it without _total in OpenMetrics', () => {
    const metadata = {
      name: 'a_seconds_total',
      type: 'counter',
      help: 'H.',
      unit: 'seconds',
    } as const;
    expect(header(metadata, metadata.name)).toEqual({
      text: '# HELP a_seconds_total H.\n# TYPE a_seconds_total counter\n',
      openmetrics: '# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds H.\n',
    });
  });
});

describe('a counter that OpenMetrics cannot name', () => {
  const unknown = (name: string): string => `# TYPE ${name} unknown\n`;

  it.each([
    ['has no _total', 'a', []],
    ['is nothing but _total', '_total', []],
    ['has a name that another family claims', 'a_total', ['a']],
    ['would lay claim to another family', 'a_total', ['a_created']],
  ])('is unknown there, and a counter in text: it %s', (_, name, taken) => {
    expect(header({ name, type: 'counter' }, name, ...taken)).toEqual({
      text: `# TYPE ${name} counter\n`,
      openmetrics: unknown(name),
    });
  });

  it('has no unit, which is no suffix of its name any more', () => {
    const metadata = { name: 'a_seconds_total', type: 'counter', unit: 'seconds' } as const;
    expect(header(metadata, metadata.name, 'a_seconds').openmetrics).toBe(unknown(metadata.name));
  });

  it('is not one because of other names', () => {
    const taken = ['a_total', 'a_bucket', 'a_sum', 'b', 'a_total_created'];
    const { openmetrics } = header({ name: 'a_total', type: 'counter' }, 'a_total', ...taken);
    expect(openmetrics).toBe('# TYPE a counter\n');
  });
});
