import { familyHeader } from '../formats/family-header.ts';
import type { ExpositionSyntax } from '../formats/format.ts';
import type { FamilyCounts, PageExtras } from '../formats/page.ts';
import type { FamilyType } from '../model/family-metadata.ts';
import { labelPairs, withPairs } from '../model/key/index.ts';
import type { RejectionReason } from '../model/rejection.ts';
import { formatSampleValue } from '../model/sample-value.ts';
import type { LastWrite } from '../model/write-stats.ts';
import type { CacheStats } from '../refresh/cache-stats.ts';
import type { ProviderMember } from '../refresh/snapshot-provider.ts';
import { ERROR_STAGES, type ErrorReport } from './error-report.ts';
import type { RequestCounts } from './request-counts.ts';

/** What the lines at the end of a page tell. */
export interface SelfReport {
  readonly requests: RequestCounts;
  readonly errors: ErrorReport;
  /** Refused points by reason, those that stores refused among them. */
  readonly rejected: Readonly<Record<RejectionReason, number>>;
  /** Points that stores found older than what they have; undefined if none of them tells. */
  readonly olderWrites: number | undefined;
  /** When the stores were last written. */
  readonly lastWrites: readonly LastWrite[];
  /** Which state the page is of; undefined where that is not known. */
  readonly version: number | undefined;
  /** What the cache did; undefined where there is none, or more than one. */
  readonly cache: CacheStats | undefined;
  /** The readers that are merged; undefined where there is one alone. */
  readonly members: readonly ProviderMember[] | undefined;
}

/** A sample: its labels as text without braces, and its value. */
export type Sample = readonly [labels: string, value: number];

/** One family of the exporter's own metrics. A server may add families to those of its handlers. */
export interface SelfFamily {
  /** The name without the handler's prefix. */
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  /** Its samples now; undefined leaves the family out. It runs on each scrape and must be cheap. */
  samples(report: SelfReport): Iterable<Sample> | undefined;
}

/** Samples that each cache has, with the label `reader` where there is more than one reader. */
function ofEachCache(tell: (stats: CacheStats) => readonly Sample[]): SelfFamily['samples'] {
  return ({ cache, members }) => {
    if (members === undefined) return cache && tell(cache);
    const samples = members.flatMap(({ name, stats }) => {
      if (stats === undefined) return [];
      const reader = readerLabel(name);
      return tell(stats).map(([labels, value]): Sample => {
        return [labels === '' ? reader : `${reader},${labels}`, value];
      });
    });
    return samples.length === 0 ? undefined : samples;
  };
}

const LATEST: readonly SelfFamily[] = [
  {
    name: 'reader_up',
    type: 'gauge',
    help: 'Whether the latest read of a merged reader succeeded.',
    samples: ({ members }) => members?.map(({ name, up }) => [readerLabel(name), up ? 1 : 0]),
  },
  {
    name: 'reader_series',
    type: 'gauge',
    help: 'Series that the cache of a merged reader holds.',
    samples: (report) => report.members && ofEachCache(({ series }) => [['', series]])(report),
  },
  {
    name: 'snapshot_age_seconds',
    type: 'gauge',
    help: 'How long ago the data of this page began to be read from its source.',
    samples: ofEachCache(({ age }) => [['', (age ?? Number.NaN) / 1000]]),
  },
  {
    name: 'snapshot_version',
    type: 'gauge',
    help: 'Which state of its source this page is of: a hash, equal on replicas at the same state.',
    // As a value: a label would make a new series of each refresh.
    samples: (report) => {
      const { members, version } = report;
      if (members === undefined) return version === undefined ? undefined : [['', version]];
      return ofEachCache(({ snapshotVersion }) => {
        return snapshotVersion === undefined ? [] : [['', snapshotVersion]];
      })(report);
    },
  },
  {
    name: 'refresh_duration_seconds',
    type: 'gauge',
    help: 'How long the latest refresh from the source took, successful or not.',
    samples: ofEachCache(({ refreshDuration }) => [['', refreshDuration / 1000]]),
  },
  {
    name: 'refreshes_total',
    type: 'counter',
    help: 'Refreshes from the source by kind and result.',
    samples: ofEachCache(({ failuresByKind, deltas, fullRefreshes }) => [
      [labelPairs({ kind: 'delta', result: 'failure' }), failuresByKind.delta],
      [labelPairs({ kind: 'delta', result: 'success' }), deltas],
      [labelPairs({ kind: 'full', result: 'failure' }), failuresByKind.full],
      [labelPairs({ kind: 'full', result: 'success' }), fullRefreshes],
    ]),
  },
  {
    name: 'refresh_fallbacks_total',
    type: 'counter',
    help: 'Refreshes that read everything because a delta could not be used, by reason.',
    samples: ofEachCache(({ fallbacksByReason }) => byReason(Object.entries(fallbacksByReason))),
  },
  {
    name: 'refresh_longest_slice_seconds',
    type: 'gauge',
    help: 'The longest that the latest successful refresh held the event loop at a stretch.',
    samples: ofEachCache(({ longestSlice }) => [['', longestSlice / 1000]]),
  },
  {
    name: 'rejected_points_total',
    type: 'counter',
    help: 'Points that the cache or the store refused, by reason.',
    samples: ({ rejected }) => byReason(Object.entries(rejected)),
  },
  {
    name: 'older_writes_total',
    type: 'counter',
    help: 'Points that the store did not apply, because it has a newer one of their series.',
    samples: ({ olderWrites }) => (olderWrites === undefined ? undefined : [['', olderWrites]]),
  },
  {
    name: 'store_last_write_timestamp_seconds',
    type: 'gauge',
    help: 'When the store was last written, as of the latest refresh, by writers that name themselves.',
    samples: ({ lastWrites, members }) => {
      const samples =
        members === undefined
          ? lastWrites.map(lastWriteSample(''))
          : members.flatMap((member) => {
              return member.lastWrites.map(lastWriteSample(`${readerLabel(member.name)},`));
            });
      return samples.length === 0 ? undefined : samples;
    },
  },
  {
    name: 'family_metadata_faults',
    type: 'gauge',
    help: 'Parts of the declared HELP, TYPE and UNIT that could not be used.',
    samples: ofEachCache(({ familyFaults }) => [['', familyFaults.length]]),
  },
  {
    name: 'scrape_errors_total',
    type: 'counter',
    help: 'Scrapes that met an error, by what was being done, even where a page was served.',
    samples: ({ errors }) =>
      ERROR_STAGES.map((stage): Sample => [labelPairs({ during: stage }), errors.counts[stage]]),
  },
  {
    name: 'http_requests_total',
    type: 'counter',
    help: 'Requests for metrics that have ended, by status code.',
    samples: ({ requests }) =>
      [...requests.byCode].map(
        ([code, count]): Sample => [labelPairs({ code: String(code) }), count],
      ),
  },
  {
    name: 'http_requests_in_flight',
    type: 'gauge',
    help: 'Requests for metrics that are being served, this one included.',
    samples: ({ requests }) => [['', requests.inFlight]],
  },
];

const SERIES = {
  name: 'series',
  type: 'gauge',
  help: 'Series on this page by family, without those that tell of the exporter itself.',
} as const;

/** The name of the metric that counts the series of a page, under a prefix. */
export function seriesName(prefix: string): string {
  return prefix + SERIES.name;
}

/** Writes the metrics that tell of the exporter itself, under a prefix. */
export class SelfMetrics implements PageExtras {
  readonly names: ReadonlySet<string>;
  readonly #prefix: string;
  readonly #families: readonly SelfFamily[];

  /**
   * @param isShown - which of them the page has, by their names.
   * @param added - families of the server around the handler.
   */
  constructor(
    prefix: string,
    isShown: (name: string) => boolean = () => true,
    added: readonly SelfFamily[] = [],
  ) {
    this.#prefix = prefix;
    this.#families = [...LATEST, ...added];
    const names = [SERIES, ...this.#families].map(({ name }) => prefix + name);
    this.names = new Set(names.filter(isShown));
  }

  /**
   * The series by family: the part that depends on the snapshot alone and is made once for each.
   */
  *lines(page: FamilyCounts, syntax: ExpositionSyntax): Generator<string, void, undefined> {
    const name = seriesName(this.#prefix);
    if (!this.names.has(name) || page.series === 0 || page.has(name)) return;
    yield familyHeader({ name, metadata: { ...SERIES, name } }, syntax, (other) => page.has(other));
    for (const family of page.families) {
      yield `${withPairs(name, labelPairs({ family: family.name }))} ${family.series}\n`;
    }
  }

  /** The rest, which is made for each scrape. */
  latest(page: FamilyCounts, syntax: ExpositionSyntax, report: SelfReport): string {
    const taken = (name: string): boolean => page.has(name);
    let text = '';
    for (const family of this.#families) {
      if (!this.names.has(this.#prefix + family.name)) continue;
      const samples = family.samples(report);
      if (samples !== undefined) text += this.#family(family, samples, taken, syntax);
    }
    return text;
  }

  #family(
    family: SelfFamily,
    samples: Iterable<Sample>,
    taken: NamesTaken,
    syntax: ExpositionSyntax,
  ): string {
    const name = this.#prefix + family.name;
    if (taken(name)) return '';
    let text = familyHeader({ name, metadata: { ...family, name } }, syntax, taken);
    for (const [labels, value] of samples) {
      text += `${withPairs(name, labels)} ${formatSampleValue(value)}\n`;
    }
    return text;
  }
}

type NamesTaken = (name: string) => boolean;

function byReason(counts: Iterable<readonly [string, number]>): readonly Sample[] {
  return [...counts].map(([reason, count]): Sample => [labelPairs({ reason }), count]);
}

function lastWriteSample(before: string): (write: LastWrite) => Sample {
  return ({ writer, at }) => {
    const labels = before + (writer === undefined ? '' : labelPairs({ writer }));
    return [labels.replace(/,$/, ''), at / 1000];
  };
}

function readerLabel(name: string): string {
  return labelPairs({ reader: name });
}
