import { MemoryStore } from '../../dist/index.js';
import { answer } from '../subjects/gzip-answer.ts';
import { loadPeer } from '../subjects/peer-package.ts';
import { BOUNDS, type HistogramData } from './histogram-data.ts';
import { type OrdinarySubject, served } from './subjects.ts';

type MakeSubject = (data: HistogramData) => Promise<OrdinarySubject> | OrdinarySubject;

interface Client {
  readonly Registry: new () => { metrics(): Promise<string> | string };
  readonly Histogram: new (
    options: object,
  ) => {
    labels(path: string, code: string): { observe(value: number): void };
  };
}

/** The subjects with histograms by name. */
export const HISTOGRAM_SUBJECTS: Readonly<Record<string, MakeSubject>> = {
  'snapscrape, fresh objects': (data) => {
    const source = { snapshot: () => data.fresh(), families: () => data.families };
    const { reader, listener } = served(source, 'full');
    return { listener, cycle: () => reader.refresh() };
  },
  'snapscrape + MemoryStore': async (data) => {
    const store = new MemoryStore();
    await store.setFamilies(data.families);
    const { reader, listener } = served(store, 'incremental');
    return {
      listener,
      cycle: async () => {
        await store.upsert(data.fresh());
        await reader.refresh();
      },
    };
  },
  'prom-client': (data) => client('prom-client', data),
  '@prometheus-io/client': (data) => client('@prometheus-io/client', data),
};

function client(packageName: string, data: HistogramData): OrdinarySubject {
  const { registry, observe } = registryOf(packageName, data);
  return {
    listener: (request, response) => void answer(request, response, registry.metrics()),
    cycle: observe,
  };
}

/** Histograms of a client, which observe by children that were looked up once. */
function registryOf(packageName: string, data: HistogramData) {
  const { Registry, Histogram } = loadPeer(packageName) as Client;
  const registry = new Registry();
  const histogram = new Histogram({
    name: 'lag_seconds',
    help: 'How late.',
    labelNames: ['path', 'code'],
    buckets: BOUNDS,
    registers: [registry],
  });
  const children = Array.from(data.observed, (_, i) => {
    const { path, code } = data.labels(i);
    return histogram.labels(path, code);
  });
  const observe = (): void => {
    for (const [i, child] of children.entries()) child.observe(data.observed[i]!);
  };
  observe();
  return { registry, observe };
}
