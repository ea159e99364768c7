import { describe, expect, it } from 'vitest';
import { EagerPace } from '../../test/support/eager-pace.ts';
import type { FamilyType } from '../model/family-metadata.ts';
import { compareKeys, type EscapingScheme } from '../model/key/index.ts';
import { NamePlan, type PlannedFamily } from './name-plan.ts';
import { NamePlanner } from './name-planner.ts';

type Named = readonly [name: string, type: FamilyType];

function planned([name, type]: Named): PlannedFamily {
  return { name, metadata: { type } };
}

function planOf(
  families: readonly Named[],
  { own = [], scheme = 'underscores' }: { own?: readonly Named[]; scheme?: EscapingScheme } = {},
): Promise<NamePlan> {
  const inOrder = families.map(planned).sort((a, b) => compareKeys(a.name, b.name));
  const parts = { families: inOrder, own: own.map(planned), scheme, collisions: new Map() };
  return NamePlan.of(parts, new EagerPace());
}

/** What OpenMetrics 1 calls the families that are not left out. */
async function typesOf(...families: Named[]): Promise<Record<string, FamilyType>> {
  const plan = await planOf(families);
  const exposed = families.map((family) => plan.exposed(planned(family)));
  return Object.fromEntries(
    exposed.flatMap((name) => (name === undefined ? [] : [[name.name, name.openMetricsType]])),
  );
}

describe('of families that claim one name', () => {
  it.each<[string, Named[], string[]]>([
    [
      'a histogram comes before its parts',
      [
        ['a', 'histogram'],
        ['a_count', 'gauge'],
      ],
      ['a_count'],
    ],
    [
      'and before one that is called as its part',
      [
        ['a', 'histogram'],
        ['a_sum', 'summary'],
      ],
      ['a_sum'],
    ],
    [
      'a gauge histogram claims other names',
      [
        ['a', 'gaugehistogram'],
        ['a_count', 'gauge'],
      ],
      [],
    ],
    [
      'a legal name comes before one that is escaped',
      [
        ['a.b', 'histogram'],
        ['a_b_sum', 'gauge'],
      ],
      ['a.b'],
    ],
    [
      'escaped ones come in the order of their names',
      [
        ['a.b', 'gauge'],
        ['a-b', 'gauge'],
      ],
      ['a.b'],
    ],
    [
      'what is left out claims nothing',
      [
        ['a', 'histogram'],
        ['a_sum', 'histogram'],
        ['a_sum_sum', 'gauge'],
      ],
      ['a_sum'],
    ],
    [
      'a created series counts',
      [
        ['a', 'summary'],
        ['a_created', 'gauge'],
      ],
      ['a_created'],
    ],
  ])('%s', async (_, families, lost) => {
    const { leftOut, leftOutCount } = await planOf(families);
    expect(leftOut.map(({ name }) => name)).toEqual(lost);
    expect(leftOutCount).toBe(lost.length);
  });

  it('at most a hundred are listed, with those that have the names', async () => {
    const many = Array.from({ length: 150 }, (_, i): Named => [`a${'.'.repeat(i + 1)}`, 'gauge']);
    const legal = many.map(([name]): Named => [name.replaceAll('.', '_'), 'gauge']);
    const { leftOut, leftOutCount } = await planOf([...many, ...legal]);
    expect(leftOutCount).toBe(150);
    expect(leftOut).toHaveLength(100);
    expect(leftOut[0]).toEqual({ name: 'a.', owner: 'a_' });
  });

  it('those of the exporter come first', async () => {
    const own: Named[] = [
      ['p_sum', 'gauge'],
      ['p_ok', 'gauge'],
    ];
    const families: readonly Named[] = [
      ['p', 'histogram'],
      ['p_ok', 'counter'],
      ['p_other', 'gauge'],
    ];
    const plan = await planOf(families, { own });
    expect(plan.leftOut).toEqual([
      { name: 'p', owner: 'p_sum' },
      { name: 'p_ok', owner: 'p_ok' },
    ]);
    expect(own.map((family) => plan.exposedOwn(planned(family))?.name)).toEqual(['p_sum', 'p_ok']);
  });
});

describe('in OpenMetrics 1', () => {
  it('a counter or an info stays what it is, if its names are free', async () => {
    expect(await typesOf(['a_total', 'counter'], ['b_info', 'info'], ['c', 'histogram'])).toEqual({
      a_total: 'counter',
      b_info: 'info',
      c: 'histogram',
    });
  });

  it.each<[string, Named[], Record<string, FamilyType>]>([
    [
      'its name is taken',
      [
        ['a_total', 'counter'],
        ['a', 'summary'],
      ],
      { a_total: 'unknown', a: 'summary' },
    ],
    [
      'an info has it',
      [
        ['a_total', 'counter'],
        ['a_info', 'info'],
      ],
      { a_total: 'unknown', a_info: 'info' },
    ],
    [
      'its created name is taken',
      [
        ['a_total', 'counter'],
        ['a_created', 'gauge'],
      ],
      { a_total: 'unknown', a_created: 'gauge' },
    ],
    [
      'a counter has that',
      [
        ['a_total', 'counter'],
        ['a_created_total', 'counter'],
      ],
      { a_total: 'unknown', a_created_total: 'counter' },
    ],
    [
      'it lacks the end',
      [
        ['a', 'counter'],
        ['b', 'info'],
      ],
      { a: 'unknown', b: 'unknown' },
    ],
    [
      'it is nothing else',
      [
        ['_total', 'counter'],
        ['_info', 'info'],
      ],
      { _total: 'unknown', _info: 'unknown' },
    ],
    [
      'a part of a histogram has it',
      [
        ['a_sum_total', 'counter'],
        ['a', 'histogram'],
      ],
      { a_sum_total: 'unknown', a: 'histogram' },
    ],
  ])('one is unknown if %s', async (_, families, types) => {
    expect(await typesOf(...families)).toEqual(types);
  });

  it('a stateset whose label is escaped otherwise is a gauge', async () => {
    expect(await typesOf(['a:b', 'stateset'], ['c.d', 'stateset'])).toEqual({
      'a:b': 'gauge',
      c_d: 'stateset',
    });
  });
});

describe('plans of snapshots that follow each other', () => {
  const chunk = (text: string) => ({ text: Buffer.from(text) });
  const family = (name: string, ...lines: string[]) => ({
    name,
    metadata: undefined,
    chunks: lines.map(chunk),
  });

  it('are one, in all schemes, as long as the families stay and no name changes', async () => {
    const planner = new NamePlanner([]);
    const first = await planner.plan([family('a', 'a{b=","} 1\n')], 'allow-utf-8');
    expect(await planner.plan([family('a', 'a{b="c,",d="{"} 2\n')], 'dots')).toBe(first);
    const other = await planner.plan([family('b', 'b 1\n')], 'underscores');
    expect(other).not.toBe(first);
    expect(other.scheme).toBe('allow-utf-8');
    const quoted = await planner.plan([family('b', 'b{"c.d"="1"} 1\n')], 'underscores');
    expect(quoted.scheme).toBe('underscores');
  });

  it('leave out later series that escaped labels make equal, and nothing else', async () => {
    const lines = ['m{"x.y"="1"} 1\nm{"x.y"="2"} 1\n', 'm{x_y="1"} 1\nm{x_y="3"} 1\n'];
    const planner = new NamePlanner([]);
    const families = [family('m', ...lines)];
    const plan = await planner.plan(families, 'underscores');
    expect(plan.leftOutSeries).toBe(1);
    const escaping = plan.escaping(families[0]!)!;
    const texts = families[0]!.chunks.map((lines) => String(escaping.escape(lines).text));
    expect(texts).toEqual(['m{x_y="1"} 1\nm{x_y="2"} 1\n', 'm{x_y="3"} 1\n']);
    expect((await planner.plan(families, 'values')).leftOutSeries).toBe(0);
  });
});

describe('of a family without series', () => {
  const empty = (name: string, type: FamilyType): PlannedFamily => ({
    name,
    metadata: { type },
    series: 0,
  });
  const plan = (...families: PlannedFamily[]): Promise<NamePlan> => {
    const parts = { families, own: [planned(['own_count', 'gauge'])], collisions: new Map() };
    return NamePlan.of({ ...parts, scheme: 'underscores' }, new EagerPace());
  };

  it('others keep the names that it would claim, and it is not counted', async () => {
    const made = await plan(
      empty('a', 'histogram'),
      planned(['a_count', 'gauge']),
      empty('b', 'gauge'),
      planned(['b_total', 'counter']),
      empty('own', 'summary'),
    );
    expect(['a', 'b', 'own'].map((name) => made.isLeftOut(name))).toEqual([true, true, true]);
    expect(made.isLeftOut('a_count')).toBe(false);
    expect(made.exposed(planned(['b_total', 'counter']))?.openMetricsType).toBe('counter');
    expect(made.leftOutCount).toBe(0);
  });

  it('the names are planned as those of others, if they are free', async () => {
    const made = await plan(
      empty('a', 'gauge'),
      empty('b.c_total', 'counter'),
      empty('d_info', 'info'),
    );
    const exposed = [empty('a', 'gauge'), empty('b.c_total', 'counter'), empty('d_info', 'info')];
    expect(exposed.map((family) => made.exposed(family))).toEqual([
      { name: 'a', type: 'gauge', openMetricsType: 'gauge' },
      { name: 'b_c_total', type: 'counter', openMetricsType: 'counter' },
      { name: 'd_info', type: 'info', openMetricsType: 'info' },
    ]);
  });
});
