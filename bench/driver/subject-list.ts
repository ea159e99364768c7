import type { Change } from '../workload/workload.ts';

/** What a subject is and what it is measured for. */
export interface SubjectPlan {
  /** How it is called, in options, in the report and by its process. */
  readonly name: string;
  /** What its process knows it by. Default: its name. */
  readonly factory?: string;
  /** The folder of another checkout, whose build it runs. Default: this one. */
  readonly checkout?: string;
  /** What kind of thing it is: us, a peer that does the same job, or a floor for all. */
  readonly kind: 'own' | 'peer' | 'floor';
  /** What its process is written in. */
  readonly runtime: 'node' | 'go';
  /** How its pages can be coded; nothing for a subject that is measured for its refreshes only. */
  readonly codings: readonly Coding[];
  /** Whether making its state is work that compares with that of others. */
  readonly isBuilt: boolean;
  /** The changes that it can follow. */
  readonly changes: readonly Change[];
  /** Whether the longest blocks are looked at over a hundred scrapes and refreshes. */
  readonly hasBlockSeries: boolean;
  /** It is not measured with fewer series: it would tell nothing. */
  readonly leastSeries: number;
  /** In how many rounds it takes part at most at half a million series and more. */
  readonly largeRounds: number;
}

/** The coding that a scraper asks for. */
export type Coding = 'identity' | 'gzip';

const BOTH: readonly Coding[] = ['identity', 'gzip'];

const FULL: Change = { kind: 'full', share: 1 };
const VALUES: readonly Change[] = [0, 0.0001, 0.01, 0.1, 1].map((share) => ({
  kind: 'value',
  share,
}));
const NEW: Change = { kind: 'new', share: 0.01 };
const DELETED: Change = { kind: 'deleted', share: 0.01 };

/** Every change, in the order in which they are made: what is added is removed after it. */
export const CHANGES: readonly Change[] = [...VALUES, NEW, DELETED, FULL];

/** The change of the cycle "refresh, then scrape", of the series of blocks and of the targets. */
export const TYPICAL_CHANGE: Change = { kind: 'value', share: 0.01 };

const OWN = {
  kind: 'own',
  runtime: 'node',
  codings: BOTH,
  isBuilt: true,
  changes: CHANGES,
  hasBlockSeries: false,
  leastSeries: 0,
  largeRounds: Number.POSITIVE_INFINITY,
} as const;

/** Measured for reading everything anew alone; scrapes and deltas do not depend on the source. */
const READ_ANEW = {
  ...OWN,
  codings: [],
  changes: [FULL],
  leastSeries: 100_000,
} as const;

const CLIENT = {
  ...OWN,
  kind: 'peer',
  changes: CHANGES.filter(({ share }) => share > 0),
  // A round of them takes a minute and a half.
  largeRounds: 2,
} as const;

const FLOOR = { ...OWN, kind: 'floor', isBuilt: false, changes: [], hasBlockSeries: true } as const;

/** Everything that can be measured, in the order of the report. */
export const SUBJECTS: readonly SubjectPlan[] = [
  { ...OWN, name: 'snapscrape', hasBlockSeries: true },
  { ...OWN, name: 'snapscrape + MemoryStore', largeRounds: 2 },
  // What following a change costs by itself: nothing is compressed ahead of scrapes.
  { ...OWN, name: 'snapscrape without gzip', codings: ['identity'], changes: VALUES },
  // Nothing is deleted and added again, which would leave the store in another order.
  { ...READ_ANEW, name: 'snapscrape + MemoryStore in order' },
  { ...READ_ANEW, name: 'snapscrape + MemoryStore in any order', largeRounds: 1 },
  { ...READ_ANEW, name: 'snapscrape + array' },
  { ...READ_ANEW, name: 'snapscrape + array in any order', largeRounds: 1 },
  { ...FLOOR, name: 'static Buffer' },
  { ...CLIENT, name: 'prom-client' },
  { ...CLIENT, name: '@prometheus-io/client' },
  { ...CLIENT, name: '@platformatic/prom-client' },
  {
    ...CLIENT,
    name: '@opentelemetry/exporter-prometheus',
    codings: ['identity'],
    // A series cannot be removed there.
    changes: CLIENT.changes.filter((change) => change !== DELETED),
    // One scrape of a million series takes a quarter of a minute.
    largeRounds: 1,
  },
  // What it is brought up to date with is the points themselves: it renders them at each scrape.
  { ...CLIENT, name: 'Go client_golang', runtime: 'go', isBuilt: false, changes: [] },
];
