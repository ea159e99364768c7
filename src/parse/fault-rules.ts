/** What a rule of the formats says. */
export interface FormatRuleText {
  /** The reason: what is wrong. */
  readonly reason: string;
  /** What to do about it. */
  readonly remedy: string;
  /** What a Prometheus server does with such a page. */
  readonly prometheus: string;
}

/** The id of every rule of the formats. */
export const FORMAT_RULE_IDS = [
  'line_start',
  'whitespace',
  'comment',
  'metadata',
  'type_word',
  'metric_name',
  'label_name',
  'label_value',
  'label_open',
  'label_separator',
  'duplicate_label',
  'reserved_label',
  'utf8',
  'value',
  'timestamp',
  'start_time',
  'line_end',
  'carriage_return',
  'exemplar',
  'composite',
  'composite_type',
  'native_histogram',
  'missing_end',
  'after_end',
  'last_line',
  'protobuf',
  'limit',
  'repeated_metadata',
  'late_metadata',
  'interleaved',
  'name_clash',
  'sample_name',
  'reserved_name',
  'unit',
  'duplicate_series',
  'timestamp_order',
  'counter_value',
  'info_value',
  'stateset_value',
  'bucket_label',
  'bucket_order',
  'bucket_counts',
  'infinite_bucket',
  'count_mismatch',
  'sum_and_count',
  'sum_value',
  'quantile',
  'reserved_composite_label',
  'exemplar_place',
  'exemplar_length',
] as const;

/** The id of a rule of the formats. */
export type FormatRule = (typeof FORMAT_RULE_IDS)[number];

const FAILS = 'The whole scrape fails.';
const ACCEPTS = 'It accepts the page and stores the series as they are.';
const LATER = 'It accepts the page; queries give wrong results.';

const rule = (reason: string, remedy: string, prometheus: string = FAILS): FormatRuleText => ({
  reason,
  remedy,
  prometheus,
});

/**
 * The rules of the formats. A page that breaks one is refused by the rules of its specification.
 */
export const FORMAT_RULES: Readonly<Record<FormatRule, FormatRuleText>> = {
  line_start: rule(
    'A line begins with something that is neither a name nor a comment',
    'Begin each line with a metric name, an opening brace or a number sign',
  ),
  whitespace: rule(
    'A space, tab or blank line is where the format has none',
    'Put exactly one space between the parts of a line, and none at its ends',
    'It fails the whole scrape of an OpenMetrics page. In text, a leading space becomes part of the name.',
  ),
  comment: rule('OpenMetrics has no comments but HELP, TYPE, UNIT and EOF', 'Remove the comment'),
  metadata: rule(
    'A HELP, TYPE or UNIT line lacks its name or its text',
    'Write the keyword, one space, the name, one space and the text',
  ),
  type_word: rule(
    'The type is unknown to this format',
    'Use a type of this format, in small letters',
  ),
  metric_name: rule(
    'A sample has no legal metric name',
    'Use letters, digits, underscores and colons, no digit first; quote other names inside the braces',
  ),
  label_name: rule(
    'A label has no legal name',
    'Use letters, digits and underscores, no digit first; put other names in double quotes',
  ),
  label_value: rule(
    'A label has no value in double quotes',
    'Write name="value" with an equals sign and double quotes',
  ),
  label_open: rule(
    'A label value has no closing quote on its line',
    'Close the value with a double quote; write a quote as \\" and a line feed as \\n inside it',
    'It fails the scrape, or reads on into the next lines.',
  ),
  label_separator: rule(
    'Labels are not separated by single commas',
    'Put one comma between two labels, and none behind the last one',
    'It accepts a comma behind the last label. In text, it also accepts missing commas.',
  ),
  duplicate_label: rule('A label name appears twice in one sample', 'Keep one of the labels'),
  reserved_label: rule(
    'Label names that begin with two underscores are reserved',
    'Rename the label',
    '`__name__` fails the scrape; others are dropped or overwritten by relabelling.',
  ),
  utf8: rule('A name, label value or help is not valid UTF-8', 'Encode the page as UTF-8'),
  value: rule('A sample has no number as its value', 'Write a decimal number, NaN, +Inf or -Inf'),
  timestamp: rule(
    'The timestamp is not a number of this format',
    'Write whole milliseconds from 0 in text, seconds in OpenMetrics; or leave it out',
  ),
  start_time: rule(
    'The start time is malformed, given twice or out of place',
    'Write st@ and seconds once, behind the timestamp and before exemplars',
  ),
  line_end: rule('Something follows where the line must end', 'End the line with a line feed'),
  carriage_return: rule('The line ends with a carriage return', 'End lines with a line feed alone'),
  exemplar: rule(
    'An exemplar is malformed',
    'Write a space, #, a space, labels in braces, a space and a number; OpenMetrics 2.0 needs a time too',
  ),
  composite: rule(
    'A composite value is malformed',
    'Write count, sum, then the fields of the type, each once, without spaces',
  ),
  composite_type: rule(
    'The value does not fit the declared type',
    'Give histograms and summaries a composite value, other types a number; declare the type first',
  ),
  native_histogram: rule(
    'The native buckets contradict each other',
    'Let span lengths add up to the number of buckets, and count to the sum of all buckets',
  ),
  missing_end: rule(
    'The page does not end with # EOF',
    'Write # EOF as the last line; a page without it may have been cut',
  ),
  after_end: rule('Something follows # EOF', 'Remove what follows # EOF'),
  last_line: rule(
    'The last line does not end with a line feed',
    'End each line with a line feed; a page without one may have been cut',
    'It accepts it in text, and fails the scrape in OpenMetrics.',
  ),
  protobuf: rule('A protobuf message is malformed', 'Encode the page with a protobuf library'),
  limit: rule(
    'The page exceeds a limit of this reader',
    'Make the page smaller, or raise the limit that the message names',
    'It has limits of its own: body_size_limit, sample_limit, label_limit.',
  ),
  repeated_metadata: rule(
    'A family has two HELP, TYPE or UNIT lines',
    'Write each of them once for a family',
    'It accepts the page and keeps the last one.',
  ),
  late_metadata: rule(
    'A HELP, TYPE or UNIT line follows samples of its family',
    'Write metadata before the first sample',
    'It accepts the page; samples before TYPE are untyped.',
  ),
  interleaved: rule(
    'Lines of a family or of one of its metrics are not together',
    'Write all lines of a family, and of each label set in it, one after the other',
    ACCEPTS,
  ),
  name_clash: rule(
    'A family has a name that another family claims with a suffix',
    'Rename one of the families',
    ACCEPTS,
  ),
  sample_name: rule(
    'The name of a sample is not one that its family has',
    'Use the suffixes of the type: _total, _info, _bucket, _sum, _count, _gsum, _gcount',
    ACCEPTS,
  ),
  reserved_name: rule(
    'Metric names that begin with an underscore are reserved in OpenMetrics 2.0',
    'Begin the name with a letter',
    ACCEPTS,
  ),
  unit: rule(
    'The unit is not a suffix of the name, has illegal characters, or the type has no unit',
    'End the name in an underscore and the unit, or leave the UNIT line out',
  ),
  duplicate_series: rule(
    'A series appears twice',
    'Write each series once, or with rising timestamps',
    'It keeps the first value, drops the others and logs a warning.',
  ),
  timestamp_order: rule(
    'Timestamps of a series do not rise, or only some of its samples have one',
    'Sort the samples of a series by time, and give all of them a timestamp or none',
    'It drops the samples that are out of order.',
  ),
  counter_value: rule(
    'A counter is negative or NaN',
    'Expose it as a gauge, or repair the value',
    LATER,
  ),
  info_value: rule('The value of an info sample is not 1', 'Write 1 as its value', ACCEPTS),
  stateset_value: rule(
    'A state lacks the label named as its family, or its value is neither 0 nor 1',
    'Give each state the label, and the value 0 or 1',
    ACCEPTS,
  ),
  bucket_label: rule(
    'A bucket has no bound of this format as its label le',
    'Write the upper bound as le: a decimal number, or +Inf',
    LATER,
  ),
  bucket_order: rule(
    'Buckets are not in rising order of le',
    'Sort the buckets by le, the infinite one last',
    'It accepts them in text and OpenMetrics 1.0, and fails the scrape in OpenMetrics 2.0.',
  ),
  bucket_counts: rule(
    'Bucket counts fall, are negative or are not whole numbers',
    'Count in each bucket all observations up to its bound',
    LATER,
  ),
  infinite_bucket: rule(
    'A histogram lacks the bucket le="+Inf"',
    'Write it; its count is _count',
    LATER,
  ),
  count_mismatch: rule(
    '_count differs from the bucket le="+Inf"',
    'Write the same number in both',
    LATER,
  ),
  sum_and_count: rule(
    'Of _sum and _count one is missing',
    'Write both; in OpenMetrics neither if there are negative bounds',
    LATER,
  ),
  sum_value: rule(
    'A sum or count is NaN, negative or no whole number where the type has none such',
    'Repair the value, or leave sum and count out',
    LATER,
  ),
  quantile: rule(
    'A quantile has no label quantile from 0 to 1, or a negative value',
    'Write the quantile as a number from 0 to 1',
    LATER,
  ),
  reserved_composite_label: rule(
    'A histogram has a label le, or a summary a label quantile',
    'Rename the label',
  ),
  exemplar_place: rule(
    'This sample cannot have an exemplar',
    'Put exemplars on counters and buckets only',
    'It accepts it.',
  ),
  exemplar_length: rule(
    'The labels of an exemplar have more than 128 characters',
    'Keep only the id of the trace',
    'It drops the exemplar.',
  ),
};
