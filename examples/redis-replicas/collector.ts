// Collects on its own schedule and writes to Redis. Start it on as many hosts as you like: each
// writes the series of its own host.
import { cpus, freemem, hostname, loadavg } from 'node:os';
import type { MetricPoint } from 'snapscrape';
import { RedisStore } from 'snapscrape/redis';

const [url = 'redis://127.0.0.1:6379', interval = '5000', host = hostname()] =
  process.argv.slice(2);

// What was not written for a minute is over: a host that is gone leaves nothing behind for long.
const store = await RedisStore.open(url, {
  retention: 60_000,
  onError: ({ message }) => console.error(message),
});

function* measure(): Generator<MetricPoint> {
  for (const [i, minutes] of ['1', '5', '15'].entries()) {
    yield { name: 'host_load', labels: { host, minutes }, value: loadavg()[i] ?? 0 };
  }
  yield { name: 'host_free_memory_bytes', labels: { host }, value: freemem() };
  for (const [i, { times }] of cpus().entries()) {
    const labels = { host, cpu: `${i}` };
    yield { name: 'host_cpu_idle_seconds_total', labels, value: times.idle / 1000 };
  }
}

async function collect(): Promise<void> {
  await store.setFamilies([
    { name: 'host_load', type: 'gauge', help: 'Load average over some minutes.' },
    { name: 'host_free_memory_bytes', type: 'gauge', unit: 'bytes', help: 'Free memory.' },
    { name: 'host_cpu_idle_seconds_total', type: 'counter', help: 'Time without work.' },
  ]);
  const { added, changed } = await store.upsert(measure());
  console.log(`${added} new, ${changed} changed`);
}

// Redis may be away, now or later: the next round tries again.
const round = (): void => void collect().catch(({ message }) => console.error(message));
round();
const timer = setInterval(round, Number(interval));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    clearInterval(timer);
    void store.close();
  });
}
