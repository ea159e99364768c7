import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  type FamilyType,
  mergeReaders,
  type OpenMetricsHandler,
} from '../../src/index.ts';
import type { Entries, Payload } from '../../src/model/entries.ts';
import { FAMILY_TYPES } from '../../src/model/family-metadata.ts';
import type { HistogramValue } from '../../src/model/point-value.ts';
import { type ReadPart, SourceReader } from '../../src/model/source-read.ts';
import { type PayloadParts, writePayload, writeValue } from '../../src/model/value/index.ts';
import type { CachedReader } from '../../src/refresh/cached-reader.ts';
import { providerOf } from '../../src/refresh/snapshot-provider.ts';
import type { SelectedSnapshot } from '../../src/selection/snapshot-selector.ts';
import type { Chunk } from '../../src/snapshot/chunk.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { ModelSource } from '../support/model-source.ts';
import { naiveId, naiveOrder } from '../support/naive-page.ts';
import { bareHandler } from '../support/page.ts';
import { anyPayload } from '../support/point-values.ts';
import { selectorOf } from '../support/selecting.ts';
import { tries } from '../support/tries.ts';

const NAMES = ['door', 'lag', 'n_info', 'n_total', 'wait.s', '\u{1f600}'] as const;
const LABELS: readonly Readonly<Record<string, string>>[] = [
  {},
  { l: '1' },
  { l: '\u{1f600}"\n' },
  { door: 'open' },
  { 'x.y': '1' },
  { le: '1' },
  { quantile: '1' },
];
const SERIES = NAMES.flatMap((name) => LABELS.map((labels) => ({ name, labels })));
/** What a series says; the same parts give the same bytes. */
interface Said extends PayloadParts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly updatedAt: number;
}

/** One thing that happens to a source. */
type Step =
  | { readonly kind: 'put'; readonly series: number; readonly parts: PayloadParts; at: number }
  | { readonly kind: 'again'; readonly series: number; readonly how: number }
  | { readonly kind: 'end'; readonly series: number }
  | { readonly kind: 'declare'; readonly name: string; readonly type: FamilyType | undefined }
  | { readonly kind: 'refresh' };

const series = fc.nat({ max: SERIES.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('put'),
      series,
      parts: anyPayload,
      at: fc.integer({ min: -5, max: 5 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('again'), series, how: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end'), series }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('declare'),
      name: fc.constantFrom(...NAMES),
      type: fc.constantFrom(...FAMILY_TYPES, undefined),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('refresh') }) },
);
const histories = fc.array(step, { minLength: 5, maxLength: 50, size: 'max' });

/** What a point becomes that was there already: most of it stays. */
const TURNS: readonly ((said: Said) => Partial<Said>)[] = [
  ({ updatedAt }) => ({ updatedAt: updatedAt + 1 }),
  () => ({ timestamp: undefined, startTime: undefined, exemplars: undefined }),
  ({ updatedAt }) => ({ timestamp: 1000 + updatedAt }),
  () => ({ startTime: 5 }),
  () => ({ exemplars: [{ labels: { t: 'é # "' }, value: 1 }] }),
  ({ value }) => ({ value: isHistogram(value) ? withoutBucket(value) : value }),
  ({ value }) => ({ value: typeof value === 'number' ? value + 1 : value }),
];

function isHistogram(value: PayloadParts['value']): value is HistogramValue {
  return typeof value === 'object' && !('quantiles' in value);
}

/** The same histogram without its first classic bucket, unless that is the last one. */
function withoutBucket(value: HistogramValue): HistogramValue {
  const { buckets = [] } = value;
  return buckets.length < 2 ? value : { ...value, buckets: buckets.slice(1) };
}

/** Whether a family of a type may have such a point. */
function isFit({ name, labels, value }: Said, type: FamilyType = 'gauge'): boolean {
  if (type === 'summary') {
    return typeof value === 'object' && 'quantiles' in value && !('quantile' in labels);
  }
  if (type === 'histogram' || type === 'gaugehistogram') {
    if (!isHistogram(value) || 'le' in labels) return false;
    const counts = [0, ...(value.buckets ?? []).map(([, count]) => count), value.count];
    return type === 'gaugehistogram' || counts.every((count, i) => count >= (counts[i - 1] ?? 0));
  }
  if (typeof value !== 'number') return false;
  if (type === 'counter') return value >= 0;
  if (type === 'info') return value === 1 && name.endsWith('_info');
  return type !== 'stateset' || (name in labels && [0, 1].includes(value));
}

/** A source with a history. It is read by points; {@link Entries} of it by another one. */
class Subject {
  readonly points: ModelSource = new ModelSource();
  readonly entries: EntrySource = new EntrySource(this);
  readonly said: Map<string, Said> = new Map();
  readonly types: Map<string, FamilyType> = new Map();

  take(step: Exclude<Step, { readonly kind: 'refresh' }>): void {
    if (step.kind === 'declare') this.#declare(step.name, step.type);
    else this.#change(SERIES[step.series]!, step);
  }

  #change(series: (typeof SERIES)[number], step: Extract<Step, { readonly series: number }>): void {
    const key = naiveId(series);
    const before = this.said.get(key);
    if (step.kind === 'end') {
      this.said.delete(key);
      this.points.end(key, { deleted: true, seriesId: key });
      this.entries.changed.add(key);
    } else if (step.kind === 'put') {
      this.#put(key, { ...series, ...step.parts, updatedAt: step.at });
    } else if (before !== undefined) {
      this.#put(key, { ...before, ...TURNS[step.how % TURNS.length]!(before) });
    }
  }

  #put(key: string, said: Said): void {
    this.said.set(key, said);
    this.points.put(key, said);
    this.entries.changed.add(key);
  }

  #declare(name: string, type: FamilyType | undefined): void {
    if (type === undefined) this.types.delete(name);
    else this.types.set(name, type);
    this.points.declared = Array.from(this.types, ([name, type]) => ({ name, type }));
  }

  /** What is admitted. */
  sound(): Said[] {
    return [...this.said.values()].filter((said) => isFit(said, this.types.get(said.name)));
  }

  /** The lines that there should be of what is wanted, each with its tail, in order. */
  lines(isWanted: (said: Said) => boolean = () => true): string[] {
    const all = this.sound().filter(isWanted);
    const keyed = all.map((said) => [naiveId(said), said] as const);
    keyed.sort(([a, { name }], [b, other]) => naiveOrder(name, other.name) || naiveOrder(a, b));
    return keyed.map(([key, said]) => lineOf(key, writePayload(said)));
  }
}

/** The same source by the inner contract, in pages of a few. */
class EntrySource extends SourceReader {
  /** The series that changed since the last read. */
  readonly changed: Set<string> = new Set();
  readonly #subject: Subject;

  constructor(subject: Subject) {
    super();
    this.#subject = subject;
  }

  snapshot(): never {
    throw new Error('never asked');
  }

  override async *read(since: string | undefined): AsyncGenerator<ReadPart> {
    const { said, points } = this.#subject;
    yield { kind: 'families', items: points.declared };
    const keys = since === undefined ? [...said.keys()] : [...this.changed];
    yield { kind: 'entries', items: inPages(keys, said) };
    this.changed.clear();
    yield { kind: 'end', resume: 'now', state: undefined };
  }
}

function* inPages(keys: readonly string[], said: ReadonlyMap<string, Said>): Generator<Entries> {
  for (let at = 0; at < keys.length; at += 3) {
    const page = keys.slice(at, at + 3);
    yield {
      keys: page,
      payloads: page.map((key) => (said.has(key) ? writePayload(said.get(key)!) : undefined)),
      times: page.map((key) => said.get(key)?.updatedAt ?? 0),
    };
  }
}

function lineOf(key: string, payload: Payload): string {
  return typeof payload === 'number' ? `${key} ${writeValue(payload)}` : `${key} ${payload}`;
}

/** The lines of a snapshot, or of a part of one, each with its tail. */
function linesOf({ families }: Snapshot | SelectedSnapshot): string[] {
  return families
    .flatMap(({ chunks }): readonly Pick<Chunk, 'text' | 'tails'>[] => chunks)
    .flatMap(({ text, tails }) => {
      const lines = text.toString().split('\n').slice(0, -1);
      return lines.map((line, i) => `${line}${tails?.[i] ?? ''}`);
    });
}

const PROTOBUF =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';
const FORMATS: readonly string[] = [
  'text/plain;version=0.0.4',
  'text/plain;version=1.0.0;escaping=allow-utf-8',
  'application/openmetrics-text;version=0.0.1',
  'application/openmetrics-text;version=1.0.0',
  'application/openmetrics-text;version=2.0.0',
  PROTOBUF,
];

/** The pages of a handler in every format, as bytes in hexadecimal digits. */
async function pagesOf(handler: OpenMetricsHandler, query = '', coding = 'identity') {
  const pages = FORMATS.map(async (accept) => {
    const headers = { accept, 'accept-encoding': coding };
    const response = await handler.fetch(new Request(`http://exporter/?${query}`, { headers }));
    expect(response.status).toBe(200);
    const body = Buffer.from(await response.arrayBuffer());
    return (coding === 'gzip' ? gunzipSync(body) : body).toString('hex');
  });
  return Promise.all(pages);
}

/** Expects that a reader has what its source says, and serves what a full read would. */
async function expectTruth(
  subject: Subject,
  reader: CachedReader,
  handler: OpenMetricsHandler,
): Promise<void> {
  const lines = subject.lines();
  const snapshot = await reader.current();
  expect(linesOf(snapshot)).toEqual(lines);
  for (const { name, metadata } of snapshot.families) {
    expect(metadata?.type).toBe(subject.types.get(name));
  }
  const given = [...(await reader.snapshot())];
  expect(given.map((point) => lineOf(naiveId(point), writePayload(point)))).toEqual(lines);
  const times = given.map((point) => subject.said.get(naiveId(point))!.updatedAt);
  expect(given.map(({ updatedAt }) => updatedAt)).toEqual(times);
  const full = createCachedSnapshotReader(subject.points, { mode: 'full', now: () => 0 });
  expect(await pagesOf(handler)).toEqual(await pagesOf(bareHandler(full)));
}

it('a reader has what its source says, byte for byte, after any history', async () => {
  let deltas = 0;
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const subject = new Subject();
      const readers = [subject.points, subject.entries].map((source) => {
        const config = { refreshInterval: 1e9, now: () => 0, onError: () => undefined };
        const reader = createCachedSnapshotReader(source, config) as CachedReader;
        return { reader, handler: bareHandler(reader) };
      });
      for (const step of [...history, { kind: 'refresh' } as const]) {
        if (step.kind !== 'refresh') subject.take(step);
        else {
          for (const { reader, handler } of readers) {
            await reader.refresh();
            await expectTruth(subject, reader, handler);
          }
        }
      }
      for (const { reader } of readers) deltas += reader.cacheStats().deltas;
    }),
    { numRuns: tries(12) },
  );
  // Were all refreshes full ones, this would have proved nothing.
  expect(deltas).toBeGreaterThan(10);
});

type Policy = 'first' | 'newest';

/** The lines of several readers, merged the plain way. */
function naiveMerge(subjects: readonly Subject[], policy: Policy): Subject {
  const merged = new Subject();
  const all = subjects.map((subject) => [subject, subject.sound()] as const);
  for (const name of NAMES) {
    const [type] = all.flatMap(([{ types }, sound]) =>
      sound.some((said) => said.name === name) ? (types.get(name) ?? []) : [],
    );
    if (type !== undefined) merged.types.set(name, type);
  }
  for (const said of all.flatMap(([, sound]) => sound)) {
    if (!isFit(said, merged.types.get(said.name))) continue;
    const key = naiveId(said);
    const before = merged.said.get(key);
    const isNewer = before !== undefined && said.updatedAt > before.updatedAt;
    if (before === undefined || (policy === 'newest' && isNewer)) merged.said.set(key, said);
  }
  return merged;
}

/** What queries choose: by a label, by the name of a part, by a hash. */
const QUERIES: Readonly<Record<string, (said: Said, type: FamilyType | undefined) => boolean>> = {
  'match[]={l="1"}': ({ labels }) => labels.l === '1',
  'match[]={l!="1"}': ({ labels }) => labels.l !== '1',
  'match[]={le="1"}': ({ labels }, type) =>
    type === 'histogram' || type === 'gaugehistogram' || labels.le === '1',
  'name[]=lag_bucket': ({ name }, type) =>
    name === 'lag' && (type === 'histogram' || type === 'gaugehistogram'),
};

it('what is selected of merged readers is what a plain filter and merge give', async () => {
  const policy = fc.constantFrom<Policy>('first', 'newest');
  const rounds = fc.array(fc.array(histories, { minLength: 2, maxLength: 3 }), {
    minLength: 1,
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(rounds, policy, async (all, duplicates) => {
      const subjects = all[0]!.map(() => new Subject());
      const config = { refreshInterval: 0, now: () => 0, onError: () => undefined };
      const readers = subjects.map(({ entries }) => createCachedSnapshotReader(entries, config));
      const merged = providerOf(mergeReaders(readers, { duplicates }));
      const selectors = Object.keys(QUERIES).map((query) => [query, selectorOf(query)] as const);
      const shards = ['shard=1/2', 'shard=2/2'].map(selectorOf);
      for (const round of all) {
        for (const [at, subject] of subjects.entries()) {
          for (const step of round[at] ?? []) if (step.kind !== 'refresh') subject.take(step);
        }
        const snapshot = await merged.current();
        const truth = naiveMerge(subjects, duplicates);
        expect(linesOf(snapshot)).toEqual(truth.lines());
        for (const [query, selector] of selectors) {
          const wanted = truth.lines((said) => QUERIES[query]!(said, truth.types.get(said.name)));
          expect(linesOf(await selector.select(snapshot))).toEqual(wanted);
        }
        const parts = await Promise.all(shards.map((shard) => shard.select(snapshot)));
        expect(parts.flatMap(linesOf).toSorted()).toEqual(truth.lines().toSorted());
      }
    }),
    { numRuns: tries(12) },
  );
});

it('a query gets what a view of the same selection has, in every format', async () => {
  const codings = fc.constantFrom('identity', 'gzip');
  const matches = fc.constantFrom('{l="1"}', 'lag_bucket', '{l!="1"}', '{le="1"}', '{}');
  await fc.assert(
    fc.asyncProperty(
      fc.array(histories, { minLength: 1, maxLength: 3 }),
      matches,
      codings,
      async (rounds, match, coding) => {
        const subject = new Subject();
        const reader = createCachedSnapshotReader(subject.entries, {
          refreshInterval: 0,
          now: () => 0,
          onError: () => undefined,
        });
        const whole = bareHandler(reader);
        const view = bareHandler(reader, { match });
        for (const history of rounds) {
          for (const step of history) if (step.kind !== 'refresh') subject.take(step);
          const query = new URLSearchParams({ 'match[]': match }).toString();
          const pages = await pagesOf(view);
          expect(await pagesOf(whole, query, coding)).toEqual(pages);
          expect(await pagesOf(view, '', coding)).toEqual(pages);
          if (match === '{}') expect(await pagesOf(whole)).toEqual(pages);
        }
      },
    ),
    { numRuns: tries(12) },
  );
});
