import { mkdtempSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  type CacheConfig,
  type CachedSnapshotReader,
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  createRegistryReader,
  MemoryStore,
  type MetricPoint,
  type MetricStore,
  type SnapshotReader,
} from '../../dist/index.js';
import { answer, GZIP_LEVEL } from '../subjects/gzip-answer.ts';
import { loadPeer } from '../subjects/peer-package.ts';
import type { ExporterData, Labels } from './exporter-data.ts';
import { GO_SUBJECT } from './ordinary-process.ts';

/** Something that serves the data, within its own process. */
export interface OrdinarySubject {
  /** Serves scrapes. */
  readonly listener: RequestListener;
  /**
   * What an exporter does between two scrapes: it makes its points and brings the page up to date.
   */
  cycle(): Promise<void> | void;
}

/** Makes a subject over data. */
export type MakeSubject = (data: ExporterData) => Promise<OrdinarySubject> | OrdinarySubject;

/** Every refresh is asked for, never due. */
const NEVER_DUE = 2_147_483_647;

interface Client {
  readonly Registry: new () => Parameters<typeof createRegistryReader>[0] & {
    metrics(): Promise<string> | string;
  };
  readonly Gauge: new (
    options: object,
  ) => {
    set(labels: Labels, value: number): void;
    reset(): void;
  };
}

/** All subjects by name. */
export const SUBJECTS: Readonly<Record<string, MakeSubject>> = {
  'snapscrape, fresh objects': (data) => overPoints(data, () => data.fresh()),
  'snapscrape, reused objects': (data) => overPoints(data, () => data.reused()),
  'snapscrape + MemoryStore': (data) => overStore(new MemoryStore(), data, 1),
  'snapscrape + MemoryStore, 1 %': (data) => overStore(new MemoryStore(), data, 0.01),
  'snapscrape + LmdbStore': overLmdb,
  'snapscrape + prom-client': (data) => overRegistry('prom-client', data),
  'snapscrape + @prometheus-io/client': (data) => overRegistry('@prometheus-io/client', data),
  'prom-client': (data) => client('prom-client', data),
  '@prometheus-io/client': (data) => client('@prometheus-io/client', data),
  'floor: the points and HTTP': (data) => floor(data, () => void data.fresh()),
  'floor: a static Buffer': (data) => floor(data, () => undefined),
};

/** The names of all subjects: those here, and the Go program. */
export const SUBJECT_NAMES: readonly string[] = [...Object.keys(SUBJECTS), GO_SUBJECT];

/** Serves a source whose refresh is asked for in each cycle. */
export function served(
  source: SnapshotReader,
  mode: CacheConfig['mode'],
): { readonly reader: CachedSnapshotReader; readonly listener: RequestListener } {
  const reader = createCachedSnapshotReader(source, {
    mode,
    refreshInterval: NEVER_DUE,
    maxStaleness: Number.POSITIVE_INFINITY,
    onError: (error) => {
      throw error;
    },
  });
  return { reader, listener: createOpenMetricsHandler(reader) };
}

function overPoints(data: ExporterData, points: () => readonly MetricPoint[]): OrdinarySubject {
  const { reader, listener } = served({ snapshot: points, families: () => data.families }, 'full');
  return { listener, cycle: () => reader.refresh() };
}

async function overStore(
  store: MetricStore,
  data: ExporterData,
  share: number,
): Promise<OrdinarySubject> {
  await store.setFamilies(data.families);
  await store.upsert(data.fresh());
  const { reader, listener } = served(store, 'incremental');
  let before = new Float64Array(data.reused().map(({ value }) => value as number));
  const changed = (): MetricPoint[] => {
    if (share === 1) return data.fresh();
    const points = data.reused();
    const some = points.filter(({ value }, i) => value !== before[i]);
    before = Float64Array.from(points, ({ value }) => value as number);
    return some.map((point) => ({ ...point }));
  };
  return {
    listener,
    cycle: async () => {
      await store.upsert(changed());
      await reader.refresh();
    },
  };
}

async function overLmdb(data: ExporterData): Promise<OrdinarySubject> {
  const { LmdbStore } = await import('../../dist/stores/lmdb/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'ordinary-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  return overStore(await LmdbStore.open(folder), data, 1);
}

function registryOf(packageName: string, data: ExporterData) {
  const { Registry, Gauge } = loadPeer(packageName) as Client;
  const registry = new Registry();
  const gauges = new Map(
    data.families.map(({ name, help }) => [
      name,
      new Gauge({ name, help, labelNames: ['org', 'repo', 'user'], registers: [registry] }),
    ]),
  );
  // What an exporter of snapshots must do, so that no series stays that is gone.
  const setAll = (): void => {
    for (const gauge of gauges.values()) gauge.reset();
    for (const { name, labels, value } of data.fresh()) {
      gauges.get(name)!.set(labels as Labels, value as number);
    }
  };
  return { registry, setAll };
}

function client(packageName: string, data: ExporterData): OrdinarySubject {
  const { registry, setAll } = registryOf(packageName, data);
  return {
    listener: (request, response) => void answer(request, response, registry.metrics()),
    cycle: setAll,
  };
}

function overRegistry(packageName: string, data: ExporterData): OrdinarySubject {
  const { registry, setAll } = registryOf(packageName, data);
  const { reader, listener } = served(createRegistryReader(registry), 'full');
  return {
    listener,
    cycle: async () => {
      setAll();
      await reader.refresh();
    },
  };
}

/** Serves a page that is not brought up to date. */
function floor(data: ExporterData, cycle: () => void): OrdinarySubject {
  const lines = data.fresh().map(({ name, labels, value }) => {
    const { org, repo, user } = labels as Labels;
    return `${name}{org="${org}",repo="${repo}",user="${user}"} ${Number(value)}\n`;
  });
  const body = gzipSync(lines.join(''), { level: GZIP_LEVEL });
  const headers = { 'Content-Encoding': 'gzip', 'Content-Length': body.length };
  return { listener: (_, response) => response.writeHead(200, headers).end(body), cycle };
}
