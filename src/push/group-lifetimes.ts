import { escapeLabelValue } from '../model/key/index.ts';
import { type LabelTest, labelTest } from '../selection/label-test.ts';
import { loadRegexEngine } from '../selection/regex-engine.ts';
import { parseSelector } from '../selection/selector-parser.ts';
import { PatternEngine } from '../selection/value-pattern.ts';
import type { GroupLabels } from './group-path.ts';

/** How long some groups live after the last push. */
export interface LifetimeRule {
  /** A selector of group labels, such as `{job=~"ci-.*"}`. */
  readonly match: string;
  /** In ms; 0 for ever. */
  readonly ttlMs: number;
}

/** Says how long a group lives after a push, in ms; undefined for ever. */
export type Lifetimes = (labels: GroupLabels) => number | undefined;

/**
 * Compiles rules about the lifetimes of groups. The first rule that matches counts.
 *
 * @param ttlMs - the lifetime of all other groups, in ms; 0 for ever.
 * @throws SnapscrapeError `invalid_selector` for a selector that cannot be read.
 */
export async function compileLifetimes(
  rules: readonly LifetimeRule[],
  ttlMs: number,
): Promise<Lifetimes> {
  const engine = await PatternEngine.of(loadRegexEngine);
  const compiled = rules.map((rule) => {
    const tests = parseSelector(rule.match).map((matcher) => {
      const pattern = matcher.operator.endsWith('~') ? engine.compile(matcher) : undefined;
      return labelTest(matcher, () => pattern!);
    });
    return { tests, ttlMs: rule.ttlMs };
  });
  return (labels) => {
    const rule = compiled.find(({ tests }) => tests.every((test) => passes(test, labels)));
    const ttl = rule?.ttlMs ?? ttlMs;
    return ttl > 0 ? ttl : undefined;
  };
}

function passes(test: LabelTest, labels: GroupLabels): boolean {
  const escaped = escapeLabelValue(labels.get(test.label) ?? '');
  const value = Buffer.from(typeof escaped === 'string' ? escaped : '');
  return test.passes(value, 0, value.length);
}
