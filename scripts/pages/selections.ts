import fc from 'fast-check';
import type { HandlerOptions, SnapshotPoint } from '../../src/index.ts';
import { LONG_SERIES } from '../../test/support/history.ts';
import { type NaiveMatcher, naiveSelector } from '../../test/support/naive-selection.ts';
import { LABELS, NAMES, PATTERNS, VALUES } from '../../test/support/selection-words.ts';
import { pointOf } from './fixed-sources.ts';
import { SYNTAXES } from './formats.ts';
import type { PageSink } from './page-sink.ts';

const label = fc.oneof(fc.constantFrom('a', 'b'), fc.constantFrom(...LABELS));
const value = fc.constantFrom(...VALUES);
const labels = fc
  .array(fc.tuple(label, value), { maxLength: 5 })
  .map((pairs) => Object.fromEntries(pairs));
const point = fc
  .tuple(fc.constantFrom(...NAMES), labels, fc.integer())
  .map(([name, own, number]) => pointOf(name, own, number));
const matcher: fc.Arbitrary<NaiveMatcher> = fc.oneof(
  fc.record({ label, operator: fc.constantFrom('=' as const, '!=' as const), value }),
  fc.record({
    label,
    operator: fc.constantFrom('=~' as const, '!~' as const),
    value: fc.constantFrom(...PATTERNS),
  }),
  fc.record({
    label: fc.constant('__name__'),
    operator: fc.constantFrom('=' as const, '!=' as const, '=~' as const, '!~' as const),
    value: fc.constantFrom(...NAMES),
  }),
);
const selector = fc.array(matcher, { minLength: 1, maxLength: 3 }).map(naiveSelector);

/** Queries that select by other things than matchers, and some that are rejected. */
const FIXED_QUERIES = [
  '',
  '?name[]=a',
  '?name[]=x',
  '?name[]=x_total&name[]=absent',
  '?prefix[]=a',
  '?prefix[]=b&shard=1/2',
  '?shard=1/1',
  ...[1, 2, 3].map((shard) => `?shard=${shard}/3`),
  '?match[]=a&match[]={__name__="b:c"}',
  '?match[]={a="x"',
  '?names=a',
  '?shard=0/2',
  '?match[]=%ff',
];

/** Sources whose points are random, and two whose families have dozens of chunks. */
function sources(): SnapshotPoint[][] {
  const sets = fc.array(point, { minLength: 1, maxLength: 60, size: 'max' });
  const long = LONG_SERIES.map(({ name, labels: own }, i) => pointOf(name, { ...own, a: 'x' }, i));
  return [...fc.sample(sets, { seed: 5, numRuns: 25 }), long];
}

/** Pages of `name[]`, `prefix[]`, `match[]` and `shard` queries. */
export async function renderSelections(sink: PageSink): Promise<void> {
  const wanted = fc.array(selector, { minLength: 1, maxLength: 3 });
  const random = fc.sample(wanted, { seed: 6, numRuns: 25 * 12 });
  for (const [i, points] of sources().entries()) {
    const reader = sink.library.createCachedSnapshotReader({ snapshot: () => points });
    const matching = random.slice(i * 12, i * 12 + 12).map((list) => {
      return `?${list.map((text) => `match[]=${encodeURIComponent(text)}`).join('&')}`;
    });
    for (const query of [...FIXED_QUERIES, ...matching]) {
      await sink.readerPages(`source ${i}`, reader, { query, formats: SYNTAXES });
    }
  }
}

/** Pages of handlers that serve a part, whole and by queries. */
export async function renderViews(sink: PageSink): Promise<void> {
  const views: readonly HandlerOptions[] = [
    { names: ['a', 'x'] },
    { prefixes: ['b', 'lo'] },
    { match: '{a="x"}' },
    { match: ['{a=~"x.*"}', '{b!=""}'] },
    ...[1, 2, 3, 4, 5].map((shard) => ({ shard: `${shard}/5` })),
    { prefixes: ['a', 'long'], match: '{__name__!="ab"}', shard: '1/2' },
  ];
  for (const [i, points] of sources().entries()) {
    const reader = sink.library.createCachedSnapshotReader({ snapshot: () => points });
    for (const [v, options] of views.entries()) {
      const handler = sink.handler(reader, options);
      for (const query of ['', '?name[]=a', '?shard=2/2', '?match[]={a="x",b!="y"}']) {
        await sink.pages(`source ${i} view ${v}`, handler, { query, formats: SYNTAXES });
      }
    }
  }
}
