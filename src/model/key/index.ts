// The one place that knows how a series is written: `name{label="value",…}`, labels in order,
// values escaped. All else in `src` asks here (test/architecture).
export { compareKeys } from './key-order.ts';
export { KeyReader, nameOf, parseKey, rangeOf } from './key-reader.ts';
export { KeyWriter, labelPairs, withPairs } from './key-writer.ts';
export { LabelColumns, labelNeedle } from './label-columns.ts';
export { MOST_LABELS } from './label-shape.ts';
export { escapeLabelValue, labelText, MALFORMED, unescapeLabelValue } from './label-value.ts';
export { isLabelName, isMetricName } from './names.ts';
