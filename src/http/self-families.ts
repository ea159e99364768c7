import type { NamePlan } from '../formats/name-plan.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { RejectionReason } from '../model/rejection.ts';
import type { LastWrite } from '../model/write-stats.ts';
import type { CacheStats } from '../refresh/cache-stats.ts';
import type { ProviderMember } from '../refresh/snapshot-provider.ts';
import { ERROR_STAGES, type ErrorReport } from './error-report.ts';
import type { RequestCounts } from './request-counts.ts';

/** The values of the lines at the end of a page. */
export interface SelfReport {
  readonly requests: RequestCounts;
  readonly errors: ErrorReport;
  /** Rejected points by reason, also those that stores rejected. */
  readonly rejected: Readonly<Record<RejectionReason, number>>;
  /** Points that stores found older than what they have; undefined if no store counts them. */
  readonly olderWrites: number | undefined;
  /** When the stores were last written. */
  readonly lastWrites: readonly LastWrite[];
  /** Which state the page is of; undefined if that is not known. */
  readonly version: number | undefined;
  /** What the cache did; undefined unless there is exactly one. */
  readonly cache: CacheStats | undefined;
  /** The readers that are merged; undefined if there is only one. */
  readonly members: readonly ProviderMember[] | undefined;
}

/**
 * A point of a family of the exporter's own: its labels in the order of the page, and its value.
 */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** One family of the exporter's own metrics. A server may add families to those of its handlers. */
export interface SelfFamily extends Pick<FamilyMetadata, 'type' | 'help'> {
  /** The name without the handler's prefix. */
  readonly name: string;
  /** Its samples now; undefined leaves the family out. It runs on each scrape and must be cheap. */
  readonly samples: (report: SelfReport, plan: NamePlan) => readonly Sample[] | undefined;
}

const NO_LABELS: Sample[0] = Object.freeze({});

/**
 * Labels of one name. A value, of which there are few, has the same object each time: to be
 * compared on each scrape costs nothing then.
 */
function labelled(name: string): (value: string) => Sample[0] {
  const made = new Map<string, Sample[0]>();
  return (value) => {
    const labels = made.get(value) ?? Object.freeze({ [name]: value });
    made.set(value, labels);
    return labels;
  };
}

const ofReason = labelled('reason');
const ofStage = labelled('during');
const ofCode = labelled('code');
const [FAILED_DELTA, DELTA, FAILED_FULL, FULL] = ['delta', 'full'].flatMap((kind) =>
  ['failure', 'success'].map((result): Sample[0] => Object.freeze({ kind, result })),
) as [Sample[0], Sample[0], Sample[0], Sample[0]];

/** Samples that each cache has, with the label `reader` if there are several readers. */
function ofEachCache(
  samplesOf: (stats: CacheStats) => readonly Sample[],
): (report: SelfReport) => readonly Sample[] | undefined {
  return ({ cache, members }) => {
    if (members === undefined) return cache && samplesOf(cache);
    const samples = members.flatMap(({ name, stats }) => {
      if (stats === undefined) return [];
      return samplesOf(stats).map(
        ([labels, value]): Sample => [{ reader: name, ...labels }, value],
      );
    });
    return samples.length === 0 ? undefined : samples;
  };
}

/** What each handler shows of itself and its reader. */
export const SELF_FAMILIES: readonly SelfFamily[] = [
  {
    name: 'reader_up',
    type: 'gauge',
    help: 'Whether the latest read of a merged reader succeeded.',
    samples: ({ members }) => members?.map(({ name, up }) => [{ reader: name }, up ? 1 : 0]),
  },
  {
    name: 'reader_series',
    type: 'gauge',
    help: 'Series that the cache of a merged reader holds.',
    samples: (report) =>
      report.members && ofEachCache(({ series }) => [[NO_LABELS, series]])(report),
  },
  {
    name: 'snapshot_age_seconds',
    type: 'gauge',
    help: 'How long ago the data of this page began to be read from its source.',
    samples: ofEachCache(({ age }) => [[NO_LABELS, (age ?? Number.NaN) / 1000]]),
  },
  {
    name: 'snapshot_version',
    type: 'gauge',
    help: 'Which state of its source this page is of: a hash, equal on replicas at the same state.',
    // As a value: a label would make a new series of each refresh.
    samples: (report) => {
      const { members, version } = report;
      if (members === undefined) return version === undefined ? undefined : [[NO_LABELS, version]];
      return ofEachCache(({ snapshotVersion }) => {
        return snapshotVersion === undefined ? [] : [[NO_LABELS, snapshotVersion]];
      })(report);
    },
  },
  {
    name: 'refresh_duration_seconds',
    type: 'gauge',
    help: 'How long the latest refresh from the source took, successful or not.',
    samples: ofEachCache(({ refreshDuration }) => [[NO_LABELS, refreshDuration / 1000]]),
  },
  {
    name: 'refreshes_total',
    type: 'counter',
    help: 'Refreshes from the source by kind and result.',
    samples: ofEachCache(({ failuresByKind, deltas, fullRefreshes }) => [
      [FAILED_DELTA, failuresByKind.delta],
      [DELTA, deltas],
      [FAILED_FULL, failuresByKind.full],
      [FULL, fullRefreshes],
    ]),
  },
  {
    name: 'refresh_fallbacks_total',
    type: 'counter',
    help: 'Refreshes that read everything because a delta could not be used, by reason.',
    samples: ofEachCache(({ fallbacksByReason }) => byReason(fallbacksByReason)),
  },
  {
    name: 'refresh_longest_slice_seconds',
    type: 'gauge',
    help: 'The longest that the latest successful refresh held the event loop at a stretch.',
    samples: ofEachCache(({ longestSlice }) => [[NO_LABELS, longestSlice / 1000]]),
  },
  {
    name: 'rejected_points_total',
    type: 'counter',
    help: 'Points that the cache or the store refused, by reason.',
    samples: ({ rejected }) => byReason(rejected),
  },
  {
    name: 'older_writes_total',
    type: 'counter',
    help: 'Points that the store did not apply, because it has a newer one of their series.',
    samples: ({ olderWrites }) =>
      olderWrites === undefined ? undefined : [[NO_LABELS, olderWrites]],
  },
  {
    name: 'store_last_write_timestamp_seconds',
    type: 'gauge',
    help: 'When the store was last written, as of the latest refresh, by writers that name themselves.',
    samples: ({ lastWrites, members }) => {
      const samples =
        members === undefined
          ? lastWrites.map(lastWriteSample({}))
          : members.flatMap(({ name, lastWrites: writes }) => {
              return writes.map(lastWriteSample({ reader: name }));
            });
      return samples.length === 0 ? undefined : samples;
    },
  },
  {
    name: 'family_metadata_faults',
    type: 'gauge',
    help: 'Parts of the declared HELP, TYPE and UNIT that could not be used.',
    samples: ofEachCache(({ familyFaults }) => [[NO_LABELS, familyFaults.length]]),
  },
  {
    name: 'left_out_families',
    type: 'gauge',
    help: 'Families that this page does not have, as another one has a name that they need.',
    samples: (_, { leftOutCount }) =>
      leftOutCount === 0 ? undefined : [[NO_LABELS, leftOutCount]],
  },
  {
    name: 'left_out_family',
    type: 'gauge',
    help: 'The first hundred families that this page does not have, and those that have the names.',
    samples: (_, { leftOut }) =>
      leftOut.length === 0
        ? undefined
        : leftOut.map(({ name, owner }): Sample => [{ family: name, owner }, 1]),
  },
  {
    name: 'left_out_series',
    type: 'gauge',
    help: 'Series that this page does not have, as escaped label names make them equal to others.',
    samples: (_, { leftOutSeries }) =>
      leftOutSeries === 0 ? undefined : [[NO_LABELS, leftOutSeries]],
  },
  {
    name: 'scrape_errors_total',
    type: 'counter',
    help: 'Scrapes that met an error, by what was being done, even where a page was served.',
    samples: ({ errors }) =>
      ERROR_STAGES.map((during): Sample => [ofStage(during), errors.counts[during]]),
  },
  {
    name: 'http_requests_total',
    type: 'counter',
    help: 'Requests for metrics that have ended, by status code.',
    samples: ({ requests }) =>
      Array.from(requests.byCode, ([code, count]): Sample => [ofCode(String(code)), count]),
  },
  {
    name: 'http_requests_in_flight',
    type: 'gauge',
    help: 'Requests for metrics that are being served, this one included.',
    samples: ({ requests }) => [[NO_LABELS, requests.inFlight]],
  },
];

function byReason(counts: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.keys(counts).map((reason): Sample => [ofReason(reason), counts[reason]!]);
}

function lastWriteSample(labels: Sample[0]): (write: LastWrite) => Sample {
  return ({ writer, at }) => [writer === undefined ? labels : { ...labels, writer }, at / 1000];
}
