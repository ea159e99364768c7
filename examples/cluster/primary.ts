// Runs workers and serves one page of all of them: their sum, or each with a label.
import cluster, { type Worker } from 'node:cluster';
import { on, once } from 'node:events';
import { createServer } from 'node:http';
import type { register } from 'prom-client';
import {
  createOpenMetricsHandler,
  createRegistryReader,
  mergeReaders,
  type RegistryReader,
  type SnapshotReader,
} from 'snapscrape';

const [mode = 'sum', workers = '2', port = '9464', servicePort = '8080'] = process.argv.slice(2);

type Metrics = Awaited<ReturnType<typeof register.getMetricsAsJSON>>;

/** A place for one worker; a worker that ends is replaced. */
class Place {
  isOver = false;
  #worker: Worker;
  #ready: Promise<unknown>;
  #questions = 0;

  constructor() {
    [this.#worker, this.#ready] = this.#start();
  }

  #start(): [Worker, Promise<unknown>] {
    const started = cluster.fork();
    started.once('exit', () => {
      if (!this.isOver) [this.#worker, this.#ready] = this.#start();
    });
    // A message to a worker that does not listen yet is lost.
    return [started, once(started, 'listening')];
  }

  /** Asks the worker what its registry holds now. */
  async metrics(signal: AbortSignal | undefined): Promise<Metrics> {
    await this.#ready;
    const question = ++this.#questions;
    const replies = on(this.#worker, 'message', { signal, close: ['exit'] });
    this.#worker.send({ question });
    for await (const [reply] of replies as AsyncIterable<
      [{ question: number; metrics: Metrics }]
    >) {
      if (reply.question === question) return reply.metrics;
    }
    throw new Error('The worker ended before it replied');
  }
}

function readerOf(place: Place): SnapshotReader {
  let latest: RegistryReader | undefined;
  return {
    // A refresh reads families first. The snapshot behind it is of the same reply.
    async families(options) {
      const metrics = await place.metrics(options?.signal);
      const registry = { getMetricsAsJSON: () => metrics, getMetricsAsArray: () => metrics };
      latest = createRegistryReader(registry);
      return latest.families();
    },
    snapshot: () => latest?.snapshot() ?? [],
  };
}

const worker = new URL('worker.ts', import.meta.url).pathname;
// Buckets end in infinity, which JSON cannot say.
cluster.setupPrimary({ exec: worker, args: [servicePort], serialization: 'advanced' });
cluster.once('listening', (_, address) => {
  console.log(`service http://127.0.0.1:${address.port}/`);
});
const places = Array.from({ length: Number(workers) }, () => new Place());
const readers = places.map((place, i) => ({ name: `${i + 1}`, reader: readerOf(place) }));
const all = mergeReaders(
  readers,
  mode === 'sum' ? { duplicates: 'add' } : { readerLabel: 'worker' },
);
const server = createServer(createOpenMetricsHandler(all));
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address();
  const at = typeof address === 'object' && address !== null ? address.port : port;
  console.log(`metrics http://127.0.0.1:${at}/metrics`);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const place of places) place.isOver = true;
    server.close();
    cluster.disconnect();
  });
}
