// The process of one subject whose start is measured: plain JavaScript, so that nothing but Node
// and the subject is loaded. Its parent scrapes it once, and then asks what that cost.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const [, , name, size] = process.argv;
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const LABELS = ['org', 'repo', 'user'];
const families = Array.from({ length: 8 }, (_, i) => {
  return { name: `git_activity_${i}_last_24h`, type: 'gauge', help: `Activity ${i}.` };
});

function* points() {
  for (let i = 0; i < Number(size); i++) {
    const labels = { org: `org-${i % 5}`, repo: `repository-${i >> 6}`, user: `user-${i}` };
    yield { name: families[i & 7].name, labels, value: i };
  }
}

async function listenerOf() {
  const before = cpu();
  if (name === 'snapscrape') {
    const library = await import('../../dist/index.js');
    const imported = cpu() - before;
    const source = { snapshot: () => [...points()], families: () => families };
    const reader = library.createCachedSnapshotReader(source, { mode: 'full' });
    return { imported, listener: library.createOpenMetricsHandler(reader) };
  }
  const require = createRequire(new URL('../package.json', import.meta.url));
  const { Registry, Gauge } = require(name);
  const imported = cpu() - before;
  const registry = new Registry();
  const gauges = new Map(
    families.map(({ name, help }) => {
      return [name, new Gauge({ name, help, labelNames: LABELS, registers: [registry] })];
    }),
  );
  for (const { name, labels, value } of points()) gauges.get(name).set(labels, value);
  const listener = async (_, response) => {
    const text = await registry.metrics();
    response.setHeader('Content-Type', registry.contentType).end(text);
  };
  return { imported, listener };
}

/** Memory that no other process shares, in bytes; undefined where the kernel does not tell. */
function privateBytes() {
  if (process.platform !== 'linux') return undefined;
  const text = readFileSync('/proc/self/smaps_rollup', 'latin1');
  const sizes = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)];
  return sizes.reduce((sum, [, kb]) => sum + 1024 * Number(kb), 0);
}

const { imported, listener } = await listenerOf();
const server = createServer(listener).listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('message', () => process.send({ imported, cpu: cpu(), memory: privateBytes() ?? null }));
process.on('disconnect', () => process.exit(0));
process.send({ port: server.address().port });
