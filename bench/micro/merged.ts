import { collectDefaultMetrics, Registry } from 'prom-client';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  createRegistryReader,
  mergeReaders,
  parseSeriesId,
  type SnapshotPoint,
  type SnapshotReader,
} from '../../src/index.ts';
import type { MergedReader } from '../../src/sources/merged-reader.ts';
import { seriesIds } from './measure.ts';

// What it costs to merge readers: a registry of the process beside a large cached reader, whose
// page lies ready but for the registry's part, and two large readers whose series take turns in one
// family.
const SERIES = 100_000;
const ROUNDS = 300;

const points: readonly SnapshotPoint[] = seriesIds(SERIES).map((id, at) => ({
  ...parseSeriesId(id),
  value: at,
  updatedAt: 1,
}));
const registry = new Registry();
collectDefaultMetrics({ register: registry });
const cached = createCachedSnapshotReader({ snapshot: () => points }, { refreshInterval: 1e9 });
const registryReader = createRegistryReader(registry);

async function scrapesOf(what: string, reader: SnapshotReader): Promise<void> {
  const handler = createOpenMetricsHandler(reader);
  const headers = {
    accept: 'application/openmetrics-text;version=1.0.0',
    'accept-encoding': 'gzip',
  };
  const scrape = async (): Promise<number> =>
    (await (await handler.fetch(new Request('http://b/', { headers }))).arrayBuffer()).byteLength;
  for (let i = 0; i < 50; i++) await scrape();
  await cpuOf(what, ROUNDS, scrape);
}

/** Prints the processor time of the whole process, its thread pool too, for each of some rounds. */
async function cpuOf(what: string, rounds: number, work: () => Promise<unknown>): Promise<void> {
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) await work();
  const { user, system } = process.cpuUsage(before);
  console.log(`${what.padEnd(60)} ${((user + system) / 1000 / rounds).toFixed(2)} ms`);
}

console.log(`processor time of a gzip scrape; large is ${SERIES} series, cached`);
await scrapesOf('large', cached);
await scrapesOf('registry', registryReader);
await scrapesOf('large and registry, merged', mergeReaders([cached, registryReader]));
await cpuOf("the registry's own metrics(), not compressed", ROUNDS, () => registry.metrics());

console.log(`processor time of a merge of two halves of ${SERIES} series`);
const halves = {
  'that take turns, line by line': (_: SnapshotPoint, at: number) => at % 2,
  'that lie side by side': (_: SnapshotPoint, at: number) => (at < SERIES / 2 ? 0 : 1),
};
for (const [how, halfOf] of Object.entries(halves)) {
  const readers = [0, 1].map((half) => {
    const own = points.filter((point, at) => halfOf(point, at) === half);
    return createCachedSnapshotReader({ snapshot: () => own }, { refreshInterval: 1e9 });
  });
  await Promise.all(readers.map((reader) => reader.refresh()));
  await cpuOf(how, 5, () => (mergeReaders(readers) as MergedReader).current());
}
