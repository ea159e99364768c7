import { createServer, get } from 'node:http';
import { Session } from 'node:inspector/promises';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

// How many functions of ours a point passes on its way through a MemoryStore: when it is written,
// when a refresh reads it, and when a page with it is scraped, each with everything warm. Takes the
// sources of another folder as an argument, to compare:
// node --import tsx scripts/count-functions.ts [folder] [--list]

const [folder = '.'] = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const isListed = process.argv.includes('--list');
const sources = pathToFileURL(resolve(folder, 'src')).href;

const { createCachedSnapshotReader, createOpenMetricsHandler, MemoryStore } = (await import(
  `${sources}/index.ts`
)) as typeof import('../src/index.ts');

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

/** The functions of `src` that were called since the last look, as `file: name`. */
async function calledFunctions(): Promise<string[]> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return result
    .filter(({ url }) => url.startsWith(sources))
    .flatMap(({ url, functions }) =>
      functions
        .filter(({ ranges, functionName }) => ranges[0]!.count > 0 && functionName !== '__name')
        .map(({ functionName, ranges }) => {
          const place = functionName === '' ? `@${ranges[0]!.startOffset}` : functionName;
          return `${url.slice(sources.length + 1)}: ${place}`;
        }),
    );
}

const store = new MemoryStore();
const reader = createCachedSnapshotReader(store, { refreshInterval: 1e9 });
/** A refresh of this one makes no pages. */
const bare = createCachedSnapshotReader(store, { refreshInterval: 1e9 });
const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
const server = createServer(handler);
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
const { port } = server.address() as AddressInfo;

function scrape(): Promise<string> {
  return new Promise((done, reject) => {
    get({ host: '127.0.0.1', port }, (response) => {
      let page = '';
      response.setEncoding('utf8').on('data', (part: string) => (page += part));
      response.on('end', () => done(page));
    }).on('error', reject);
  });
}

const steps = {
  upsert: () =>
    store.upsert({
      name: 'requests_total',
      labels: { code: '200' },
      value: ++value,
      updatedAt: value,
    }),
  'refresh without pages': () => bare.refresh(),
  'refresh with pages': () => reader.refresh(),
  scrape,
};
let value = 0;
for (let round = 0; round < 3; round++) for (const step of Object.values(steps)) await step();

for (const [name, step] of Object.entries(steps)) {
  await calledFunctions();
  await step();
  // What goes on after the call, such as the end of a response, belongs to it.
  await new Promise((done) => setTimeout(done, 50));
  const called = await calledFunctions();
  console.log(`${name}: ${called.length} functions`);
  if (isListed) for (const one of called) console.log(`  ${one}`);
}
server.close();
session.disconnect();
