// Pushes to the Pushgateways of the arguments with prom-client.
import { Counter, Gauge, Histogram, Pushgateway, Registry, Summary } from 'prom-client';

const [every, some] = [new Registry(), new Registry()];
const register = (Metric, name, help, more = {}) =>
  new Metric({ name: `prom_client_${name}`, help, registers: [every], ...more });
const runs = register(Counter, 'runs_total', 'Runs.');
some.registerMetric(runs);
runs.inc(3);
const size = register(Gauge, 'size_bytes', 'Size \\ of\nparts.', { labelNames: ['part'] });
size.set({ part: 'a"b\\c\nü' }, 1e21);
size.set({ part: '' }, -0.25);
const wait = register(Histogram, 'wait_seconds', 'Waits.', { buckets: [0.1, 1] });
const took = register(Summary, 'took_seconds', 'Took.', { percentiles: [0.5] });
for (const seconds of [0.05, 0.5, 5]) {
  wait.observe(seconds);
  took.observe(seconds);
}

const group = { jobName: 'prom-client' };
// Its client escapes no slash that a gateway would take, and leaves an empty value out.
const hard = { ...group, groupings: { space: 'a b', more: 'é%+=' } };
const gone = { ...group, groupings: { instance: 'gone' } };
const urls = process.argv.slice(2);
for (const url of urls) await new Pushgateway(url, {}, every).push(group);
runs.inc();
for (const url of urls) {
  const gateway = new Pushgateway(url, {}, some);
  for (const [method, to] of [
    ['pushAdd', group],
    ['push', hard],
    ['push', gone],
    ['delete', gone],
  ]) {
    const { resp } = await gateway[method](to);
    if (resp.statusCode !== 200 && resp.statusCode !== 202)
      throw new Error(`status ${resp.statusCode}`);
  }
}
