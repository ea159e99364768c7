import {
  FORMAT_RULE_IDS,
  FORMAT_RULES,
  type FormatRule,
  type FormatRuleText,
} from './fault-rules.ts';

/** How much a finding matters: an `error` breaks the format, a `warning` the conventions. */
export type Severity = 'error' | 'warning' | 'info';

/** The id of every rule of the linter that is no rule of a format. */
const LINT_RULE_IDS = [
  'help_missing',
  'base_unit',
  'total_suffix',
  'reserved_suffix',
  'reserved_label_name',
  'type_in_name',
  'colon_in_name',
  'camel_case',
  'abbreviated_unit',
  'type_missing',
  'unit_missing',
  'target_label',
  'escaped_names',
  'many_values',
  'many_series',
  'many_labels',
  'long_label',
  'sample_timestamp',
  'far_timestamp',
  'large_page',
] as const;

/** The id of a rule of the linter that is no rule of a format. */
export type LintRule = (typeof LINT_RULE_IDS)[number];

/** The id of any rule. */
export type RuleId = FormatRule | LintRule;

const ACCEPTS = 'It accepts the page.';

/** What a rule says, once for errors, the linter, its output and the documentation. */
export interface RuleText extends FormatRuleText {
  /** How much it matters. */
  readonly severity: Severity;
}

const entry = (
  severity: Severity,
  reason: string,
  remedy: string,
  prometheus: string = ACCEPTS,
): RuleText => ({ severity, reason, remedy, prometheus });

const LINT_RULES: Readonly<Record<LintRule, RuleText>> = {
  help_missing: entry(
    'warning',
    'A family has no HELP line',
    'Write a HELP line that says what is measured',
  ),
  base_unit: entry(
    'warning',
    'The name has a unit that is not a base unit',
    'Measure in the base unit',
  ),
  total_suffix: entry(
    'warning',
    'A counter lacks the suffix _total, or another type has it',
    'End the names of counters, and of nothing else, in _total',
  ),
  reserved_suffix: entry(
    'warning',
    'The name ends in a suffix that histograms and summaries have',
    'Choose a name without _bucket, _count or _sum at its end',
    'It accepts the page; queries may take the series for a part of a histogram.',
  ),
  reserved_label_name: entry(
    'warning',
    'A family that is not a histogram has the label le, or one that is not a summary the label quantile',
    'Rename the label',
    'It accepts the page; queries may take the series for a part of a histogram.',
  ),
  type_in_name: entry('warning', 'The name has the type in it', 'Leave the type out of the name'),
  colon_in_name: entry(
    'warning',
    'The name has a colon, which names of recording rules have',
    'Use an underscore',
  ),
  camel_case: entry('warning', 'A name is written in camelCase', 'Write it in snake_case'),
  abbreviated_unit: entry('warning', 'The name has an abbreviated unit', 'Write the unit out'),
  type_missing: entry(
    'info',
    'A family has no TYPE line, or the type unknown',
    'Write a TYPE line with the type before the first sample',
    'It stores the series as untyped, without metadata.',
  ),
  unit_missing: entry(
    'info',
    'The name ends in a base unit, and the family has no UNIT line',
    'Write a UNIT line',
  ),
  target_label: entry(
    'info',
    'A label has a name that Prometheus gives each target',
    'Rename it, or set honor_labels for this target',
    'It renames the label to exported_job or exported_instance.',
  ),
  escaped_names: entry(
    'warning',
    'Two names are the same once other characters than letters and digits are underscores',
    'Rename one of them',
    'It accepts the page. A scraper that asks for escaped names gets one of the two.',
  ),
  many_values: entry(
    'warning',
    'A label has more than 1 000 values in one family',
    'Leave out labels that grow without end, such as user names, ids and addresses',
    'Each value is a series of its own; memory grows with them.',
  ),
  many_series: entry(
    'info',
    'A family has more than 10 000 series',
    'Ask whether all of them are needed, or serve them in shards',
    'It accepts them, up to sample_limit; memory grows with them.',
  ),
  many_labels: entry(
    'warning',
    'A sample has more than 30 labels',
    'Move labels that describe the target into an info metric',
    'It accepts them, up to label_limit.',
  ),
  long_label: entry(
    'warning',
    'A label value has more than 1 024 characters',
    'Shorten the value; texts belong into logs',
    'It accepts it, up to label_value_length_limit.',
  ),
  sample_timestamp: entry(
    'info',
    'Samples have timestamps',
    'Leave timestamps out; expose the time as a gauge that ends in _timestamp_seconds',
    'A series with timestamps gets no stale marker: it lingers for five minutes after it went.',
  ),
  far_timestamp: entry(
    'warning',
    'A timestamp is 0, negative, or more than ten minutes ahead or an hour ago',
    'Check the unit: milliseconds in text, seconds in OpenMetrics',
    'It drops the sample and reports success.',
  ),
  large_page: entry(
    'warning',
    'The page has more than 10 MiB',
    'Serve it in shards, or leave series out',
    'It accepts it, up to body_size_limit. VictoriaMetrics refuses 16 MiB and more.',
  ),
};

/** Every rule that a page is checked by: the one place that says what each is about. */
export const RULES: Readonly<Record<RuleId, RuleText>> = {
  ...(Object.fromEntries(
    FORMAT_RULE_IDS.map((id) => [id, { severity: 'error', ...FORMAT_RULES[id] }]),
  ) as Record<FormatRule, RuleText>),
  ...LINT_RULES,
};
