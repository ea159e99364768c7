import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type LintRule, lintExposition } from '../../src/parse/index.ts';
import { seeded } from '../support/random-bytes.ts';
import { skipWithout, toolPath } from '../support/tools.ts';

/** Which of our rules finds what `promtool check metrics` says. */
const RULES: readonly (readonly [RegExp, LintRule])[] = [
  [/^no help text$/, 'help_missing'],
  [/^use base unit/, 'base_unit'],
  [/"_total" suffix$/, 'total_suffix'],
  [/"_(?:bucket|count|sum)" suffix$/, 'reserved_suffix'],
  [/"(?:le|quantile)" label$/, 'reserved_label_name'],
  [/not include type/, 'type_in_name'],
  [/not contain ':'$/, 'colon_in_name'],
  [/'snake_case'/, 'camel_case'],
  [/abbreviated units$/, 'abbreviated_unit'],
];

const PARTS = (
  'jobs wait seconds milliseconds minutes bits kelvin kelvins degrees gauge counter summary total count sum bucket ' +
  'ms s b info kibibytes megabits fooBar Foo a:b size created'
).split(' ');
const LABELS = ['', '{a="1"}', '{le="1"}', '{quantile="0.5"}', '{fooBar="1"}'];

function pageOf(seed: number): string {
  const random = seeded(seed);
  const pick = <T>(choices: readonly T[]): T => choices[random(choices.length)]!;
  const lines: string[] = [];
  for (let i = 0; i < 40; i++) {
    const name = [`f${i}`, ...Array.from({ length: 1 + random(3) }, () => pick(PARTS))].join('_');
    if (random(2) === 0) lines.push(`# HELP ${name} Help.`);
    const type = pick(['counter', 'gauge', 'untyped', undefined]);
    if (type !== undefined) lines.push(`# TYPE ${name} ${type}`);
    lines.push(`${name}${pick(LABELS)} 1`);
  }
  return `${lines.join('\n')}\n`;
}

/** What promtool finds: the metric and our rule for it, each once. */
function promlint(page: string): string[] {
  const { stderr } = spawnSync(toolPath('promtool')!, ['check', 'metrics'], {
    input: page,
    encoding: 'utf8',
  });
  const found = stderr
    .trim()
    .split('\n')
    .map((line) => {
      const [, metric, text] = /^(\S+) (.*)$/.exec(line) ?? [];
      const rule = RULES.find(([pattern]) => pattern.test(text ?? ''))?.[1];
      expect(rule, `promtool says: ${line}`).toBeDefined();
      return `${metric} ${rule}`;
    });
  return [...new Set(found)].sort();
}

describe('promtool check metrics', () => {
  skipWithout('promtool');

  it.each([1, 2, 3, 4, 5])('finds the same in page %s', async (seed) => {
    const page = pageOf(seed);
    const { findings } = await lintExposition(page);
    const known = new Set<string>(RULES.map(([, rule]) => rule));
    const ours = findings
      .filter(({ rule }) => known.has(rule))
      .map(({ family, rule }) => `${family} ${rule}`);
    expect(ours.length).toBeGreaterThan(20);
    expect([...new Set(ours)].sort()).toEqual(promlint(page));
  });
});
