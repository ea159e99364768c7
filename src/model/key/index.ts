// The one place that knows how a series is written: `name{label="value",…}`, labels in order of
// their names, values escaped. A name that the classic grammar does not allow is quoted and escaped
// as values are: `{"a.b","l.m"="v"}`. All else in `src` asks here (test/architecture).
export {
  bracedLabels,
  KeyFrame,
  mayHaveQuotedLabels,
  renameLabels,
  splitLabels,
} from './key-frame.ts';
export { type KeyLines, KeyMatcher, type KeyPlace } from './key-matcher.ts';
export { compareKeys, unitRank } from './key-order.ts';
export {
  isNamed,
  KeyReader,
  labelIn,
  labelsIn,
  type NameRange,
  nameOf,
  parseKey,
  rangeOf,
  readLabels,
  readPairs,
  setLabel,
} from './key-reader.ts';
export { KeyWriter, labelPair, labelPairs, withPairs } from './key-writer.ts';
export { LabelColumns, labelNeedle } from './label-columns.ts';
export { escapeLabelValue, MALFORMED, unescapeLabelValue } from './label-value.ts';
export {
  ESCAPING_SCHEMES,
  type EscapingScheme,
  escapeName,
  unescapeValuesName,
} from './name-escaping.ts';
export {
  isAnyLabelName,
  isAnyMetricName,
  isLabelName,
  isMetricName,
  labelNameText,
  metricNameText,
} from './names.ts';
export { type KnownKey, TextMatcher } from './text-matcher.ts';
