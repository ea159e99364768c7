/**
 * Reads pages that others write: text, OpenMetrics and protobuf to points, by the rules of the
 * specification or of Prometheus.
 *
 * @packageDocumentation
 */

export { formatOfBytes, formatOfContentType } from './content-type.ts';
export type {
  ExposedFamily,
  ExposedPoint,
  ExposedType,
  Exposition,
  ExpositionFault,
  ExpositionFormat,
  PagePlace,
  ParseOptions,
  ParsingRules,
} from './exposition.ts';
export { InvalidExpositionError } from './fault-log.ts';
export type { FormatRule } from './fault-rules.ts';
export { lintExposition } from './lint.ts';
export type { FamilyCount, LintFinding, LintReport } from './lint-report.ts';
export { type LintRule, RULES, type RuleId, type RuleText, type Severity } from './lint-rules.ts';
export {
  parseExposition,
  type StreamedPage,
  streamExposition,
  type WholePage,
} from './parse-exposition.ts';
