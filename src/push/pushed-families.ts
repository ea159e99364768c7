import type { HistogramValue, SummaryValue } from '../model/point-value.ts';
import { MOST_GROUP_SERIES } from '../stores/group-input.ts';

/** The types that a push may have; a gauge histogram is shown as a histogram. */
export type PushedType = 'counter' | 'gauge' | 'unknown' | 'histogram' | 'summary';

/** One metric of a pushed family. */
export interface PushedMetric {
  /** All labels of the body, also those without a value. */
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number | HistogramValue | SummaryValue;
  /** Whether the metric came with a timestamp, which no push may have. */
  readonly hasTimestamp: boolean;
  /** The line of the body, from 1; in protobuf the number of the message. */
  readonly line: number;
}

/** A family of a push. */
export interface PushedFamily {
  readonly name: string;
  readonly type: PushedType;
  /** The text of HELP; `''` if there is none. */
  readonly help: string;
  readonly metrics: readonly PushedMetric[];
}

/** The families of a push by name. A family without metrics is not among them. */
export type PushedFamilies = ReadonlyMap<string, PushedFamily>;

/** Why a push is refused. */
export class PushError extends Error {
  /** The status of the response. */
  readonly status: number;
  /** A word for logs. */
  readonly reason: string;
  /** The line of the body that is to blame, if there is one. */
  readonly line: number | undefined;

  constructor(status: number, reason: string, message: string, line?: number) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.line = line;
  }
}

/** What the original says before the reason of a push that is read but cannot be kept. */
const INCONSISTENT = 'pushed metrics are invalid or inconsistent with existing metrics: ';

/** A push that was read but cannot be kept; the group notes that it failed. */
export class InconsistentPush extends PushError {
  constructor(reason: string, message: string, line?: number) {
    super(400, reason, INCONSISTENT + message, line);
  }
}

/**
 * Refuses a push of more series, or families, than a group may have, before they take memory.
 *
 * @throws InconsistentPush if there are more.
 */
export function assertFits(count: number, line: number): void {
  if (count <= MOST_GROUP_SERIES) return;
  const what = `a group has at most ${MOST_GROUP_SERIES} series; push the rest to another group`;
  throw new InconsistentPush('series_limit', what, line);
}

/** The refusal of a push that would make one group too many. */
export function groupLimitReached(groups: number): PushError {
  const what = `there are ${groups} groups, which is the limit; delete some, or raise the limit`;
  return new PushError(507, 'group_limit', what);
}
