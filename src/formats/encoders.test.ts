import { describe, expect, it } from 'vitest';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { Encoder } from './encoder.ts';
import { familyTexts, sectionsOf } from './exposition.ts';
import { NamePlanner } from './name-planner.ts';
import { openMetricsEncoder } from './openmetrics-encoder.ts';
import { textEncoder } from './text-encoder.ts';

const chunk = { text: Buffer.from('a{b="c"} 1\n') };

/** The head of a family in each format, beside other families, some of them the exporter's own. */
async function header(metadata: FamilyMetadata | undefined, name = 'a', ...taken: string[]) {
  const headIn = async (encoder: Encoder): Promise<string> => {
    const half = taken.length >> 1;
    const named = (family: string) => ({ name: family, metadata: undefined, chunks: [] });
    const family = { name, metadata, chunks: [chunk] };
    const families = [family, ...taken.slice(half).map(named)];
    families.sort((a, b) => (a.name < b.name ? -1 : 1));
    const planner = new NamePlanner(taken.slice(0, half).map(named));
    const plan = await planner.plan(families, 'underscores');
    const texts = [...familyTexts(sectionsOf(family, { encoder, plan }), family.chunks, encoder)];
    expect(texts[1]).toBe(chunk);
    expect(texts).toHaveLength(3);
    return String(texts[0]);
  };
  return { text: await headIn(textEncoder), openmetrics: await headIn(openMetricsEncoder) };
}

describe('the head of a family', () => {
  it('without a declaration says gauge', async () => {
    expect(await header(undefined)).toEqual({
      text: '# TYPE a gauge\n',
      openmetrics: '# TYPE a gauge\n',
    });
  });

  it('of an unknown type says untyped in text', async () => {
    expect(await header({ name: 'a', type: 'unknown' })).toEqual({
      text: '# TYPE a untyped\n',
      openmetrics: '# TYPE a unknown\n',
    });
  });

  it('escapes help as each format does, and has the unit in OpenMetrics alone', async () => {
    const help = 'A "quoted" \\ word\nand \u{1f600}.';
    expect(
      await header({ name: 'a_bytes', type: 'gauge', help, unit: 'bytes' }, 'a_bytes'),
    ).toEqual({
      text: '# HELP a_bytes A "quoted" \\\\ word\\nand \u{1f600}.\n# TYPE a_bytes gauge\n',
      openmetrics:
        '# TYPE a_bytes gauge\n# UNIT a_bytes bytes\n' +
        '# HELP a_bytes A \\"quoted\\" \\\\ word\\nand \u{1f600}.\n',
    });
  });

  it('says an empty help', async () => {
    expect(await header({ name: 'a', type: 'gauge', help: '' })).toEqual({
      text: '# HELP a \n# TYPE a gauge\n',
      openmetrics: '# TYPE a gauge\n# HELP a \n',
    });
  });

  it('of a counter names it without _total in OpenMetrics', async () => {
    const metadata = {
      name: 'a_seconds_total',
      type: 'counter',
      help: 'H.',
      unit: 'seconds',
    } as const;
    expect(await header(metadata, metadata.name)).toEqual({
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
  ])('is unknown there, and a counter in text: it %s', async (_, name, taken) => {
    expect(await header({ name, type: 'counter' }, name, ...taken)).toEqual({
      text: `# TYPE ${name} counter\n`,
      openmetrics: unknown(name),
    });
  });

  it('has no unit, which is no suffix of its name any more', async () => {
    const metadata = { name: 'a_seconds_total', type: 'counter', unit: 'seconds' } as const;
    expect((await header(metadata, metadata.name, 'a_seconds')).openmetrics).toBe(
      unknown(metadata.name),
    );
  });

  it('is not one because of other names', async () => {
    const taken = ['a_bucket', 'a_sum', 'b', 'a_total_created'];
    const { openmetrics } = await header({ name: 'a_total', type: 'counter' }, 'a_total', ...taken);
    expect(openmetrics).toBe('# TYPE a counter\n');
  });
});

describe('a sum or a count that parsers of a format reject', () => {
  /** The lines of one point, without metadata. */
  async function linesOf(type: FamilyMetadata['type'], value: string, encoder: Encoder) {
    const lines = { text: Buffer.from(`a ${value}\n`) };
    const family = { name: 'a', metadata: { name: 'a', type }, chunks: [lines] };
    const plan = await new NamePlanner([]).plan([family], 'underscores');
    const texts = [...familyTexts(sectionsOf(family, { encoder, plan }), [lines], encoder)];
    return texts
      .map((text) => (typeof text === 'object' ? text.text.toString() : text))
      .join('')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
  }

  it('is not -0 in OpenMetrics', async () => {
    const sums = (type: FamilyMetadata['type'], value: string) =>
      linesOf(type, value, openMetricsEncoder);
    expect(await sums('summary', '{count:0,sum:-0,quantile:[]}')).toEqual([
      'a_sum -0',
      'a_count 0',
    ]);
    const histogram = '{count:2,sum:-0,bucket:[+Inf:2]}';
    expect(await sums('histogram', histogram)).toContain('a_sum -0');
    expect(await sums('gaugehistogram', histogram)).toContain('a_gsum -0');
  });

  it.each(['{gcount:-2,gsum:1,bucket:[1:-3,+Inf:-2]}', '{gcount:2,gsum:1,bucket:[1:3,+Inf:2]}'])(
    'leaves the gauge histogram %s out of OpenMetrics',
    async (value) => {
      expect(await linesOf('gaugehistogram', value, openMetricsEncoder)).toEqual([]);
    },
  );

  it('leaves negative buckets out of text, and no falling ones', async () => {
    const negative = '{gcount:2,gsum:1,bucket:[1:-3,+Inf:2]}';
    expect(await linesOf('gaugehistogram', negative, textEncoder)).toEqual([
      'a_gcount 2',
      'a_gsum 1',
    ]);
    const falling = '{gcount:2,gsum:1,bucket:[-1:3,+Inf:2]}';
    expect(await linesOf('gaugehistogram', falling, textEncoder)).toContain('a_bucket{le="-1"} 3');
  });
});
