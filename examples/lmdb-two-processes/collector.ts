// Collects on its own schedule and writes to the store. Any number of these processes may run on
// one host over one folder. A slow or dead collector does not hold up a scrape.
import { cpus, freemem, loadavg } from 'node:os';
import type { MetricPoint } from 'snapscrape';
import { LmdbStore } from 'snapscrape/lmdb';

const [folder = './data', interval = '5000', retention = '60000'] = process.argv.slice(2);

// A series that no collector writes for a minute ends.
const store = await LmdbStore.open(folder, { retention: Number(retention) });
await store.setFamilies([
  { name: 'host_load', type: 'gauge', help: 'Load average over some minutes.' },
  { name: 'host_free_memory_bytes', type: 'gauge', unit: 'bytes', help: 'Memory that is free.' },
  {
    name: 'host_cpu_idle_seconds_total',
    type: 'counter',
    help: 'Time without work, by processor.',
  },
]);

function* measure(): Generator<MetricPoint> {
  for (const [i, minutes] of ['1', '5', '15'].entries()) {
    yield { name: 'host_load', labels: { minutes }, value: loadavg()[i] ?? 0 };
  }
  yield { name: 'host_free_memory_bytes', labels: {}, value: freemem() };
  for (const [i, { times }] of cpus().entries()) {
    const labels = { cpu: `${i}` };
    yield { name: 'host_cpu_idle_seconds_total', labels, value: times.idle / 1000 };
  }
}

async function collect(): Promise<void> {
  const { added, changed } = await store.upsert(measure());
  console.log(`${added} new, ${changed} changed`);
}

await collect();
const timer = setInterval(() => void collect().catch(console.error), Number(interval));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    clearInterval(timer);
    void store.close();
  });
}
