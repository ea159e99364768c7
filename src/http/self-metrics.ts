import type { CacheStats } from '../cache/cache-stats.ts';
import { hasFamily, type Snapshot } from '../cache/snapshot.ts';
import { familyHeader } from '../exposition/family-header.ts';
import type { ExpositionSyntax } from '../exposition/format.ts';
import type { PageExtras } from '../exposition/page.ts';
import type { FamilyType } from '../model/family-metadata.ts';
import { REJECTION_REASONS, type RejectionReason } from '../model/rejection.ts';
import { formatSampleValue } from '../model/sample-value.ts';

/** What a handler counts of its own requests. */
export class RequestCounts {
  /** Requests that were begun and not yet ended. */
  inFlight = 0;
  /** Ended requests by status code. The usual codes stand at 0 from the start, for `rate()`. */
  readonly byCode: Map<number, number> = new Map([200, 405, 500, 503].map((code) => [code, 0]));

  /** Counts the beginning of a request. */
  begin(): void {
    this.inFlight++;
  }

  /** Counts the end of a request. */
  end(code: number): void {
    this.inFlight--;
    this.byCode.set(code, (this.byCode.get(code) ?? 0) + 1);
  }
}

/** What the lines at the end of a page tell. */
export interface SelfReport {
  readonly requests: RequestCounts;
  /** Refused points by reason. */
  readonly rejected: (reason: RejectionReason) => number;
  /** What the cache did; undefined where there is none. */
  readonly cache: CacheStats | undefined;
}

interface SelfFamily {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  /** Samples as label text and value; undefined where there is nothing to tell. */
  samples(report: SelfReport): Iterable<readonly [labels: string, value: number]> | undefined;
}

const LATEST: readonly SelfFamily[] = [
  {
    name: 'snapshot_age_seconds',
    type: 'gauge',
    help: 'How long ago the data of this page began to be read from its source.',
    samples: ({ cache }) => cache && [['', (cache.age ?? Number.NaN) / 1000]],
  },
  {
    name: 'refresh_duration_seconds',
    type: 'gauge',
    help: 'How long the latest refresh from the source took, successful or not.',
    samples: ({ cache }) => cache && [['', cache.refreshDuration / 1000]],
  },
  {
    name: 'refreshes_total',
    type: 'counter',
    help: 'Refreshes from the source by kind and result.',
    samples: ({ cache }) =>
      cache && [
        ['{kind="delta",result="failure"}', cache.failuresByKind.delta],
        ['{kind="delta",result="success"}', cache.deltas],
        ['{kind="full",result="failure"}', cache.failuresByKind.full],
        ['{kind="full",result="success"}', cache.fullRefreshes],
      ],
  },
  {
    name: 'refresh_fallbacks_total',
    type: 'counter',
    help: 'Refreshes that read everything because a delta could not be used, by reason.',
    samples: ({ cache }) => cache && byReason(Object.entries(cache.fallbacksByReason)),
  },
  {
    name: 'refresh_longest_slice_seconds',
    type: 'gauge',
    help: 'The longest that the latest successful refresh held the event loop at a stretch.',
    samples: ({ cache }) => cache && [['', cache.longestSlice / 1000]],
  },
  {
    name: 'rejected_points_total',
    type: 'counter',
    help: 'Points of the source that were refused, by reason.',
    samples: ({ rejected }) => byReason(REJECTION_REASONS.map((r) => [r, rejected(r)])),
  },
  {
    name: 'family_metadata_faults',
    type: 'gauge',
    help: 'Parts of the declared HELP, TYPE and UNIT that could not be used.',
    samples: ({ cache }) => cache && [['', cache.familyFaults.length]],
  },
  {
    name: 'http_requests_total',
    type: 'counter',
    help: 'Requests for metrics that have ended, by status code.',
    samples: ({ requests }) =>
      [...requests.byCode].map(([code, count]) => [`{code="${code}"}`, count] as const),
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

/** Writes the metrics that tell of the exporter itself, under a prefix. */
export class SelfMetrics implements PageExtras {
  readonly names: ReadonlySet<string>;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.names = new Set([SERIES, ...LATEST].map(({ name }) => prefix + name));
  }

  /** The series by family: the part that depends on the snapshot alone and is made once for each. */
  *lines(snapshot: Snapshot, syntax: ExpositionSyntax): Generator<string, void, undefined> {
    const name = this.#prefix + SERIES.name;
    if (snapshot.series === 0 || hasFamily(snapshot, name)) return;
    yield familyHeader({ name, metadata: { ...SERIES, name } }, syntax, namesOf(snapshot));
    for (const family of snapshot.families) {
      yield `${name}{family="${family.name}"} ${family.series}\n`;
    }
  }

  /** The rest, which is made for each scrape. */
  latest(snapshot: Snapshot, syntax: ExpositionSyntax, report: SelfReport): string {
    const taken = namesOf(snapshot);
    let text = '';
    for (const family of LATEST) {
      const samples = family.samples(report);
      if (samples !== undefined) text += this.#family(family, samples, taken, syntax);
    }
    return text;
  }

  #family(
    family: SelfFamily,
    samples: Iterable<readonly [labels: string, value: number]>,
    taken: NamesTaken,
    syntax: ExpositionSyntax,
  ): string {
    const name = this.#prefix + family.name;
    if (taken(name)) return '';
    let text = familyHeader({ name, metadata: { ...family, name } }, syntax, taken);
    for (const [labels, value] of samples) text += `${name}${labels} ${formatSampleValue(value)}\n`;
    return text;
  }
}

type NamesTaken = (name: string) => boolean;

function namesOf(snapshot: Snapshot): NamesTaken {
  return (name) => hasFamily(snapshot, name);
}

function byReason(counts: Iterable<readonly [string, number]>): (readonly [string, number])[] {
  return [...counts].map(([reason, count]) => [`{reason="${reason}"}`, count] as const);
}
