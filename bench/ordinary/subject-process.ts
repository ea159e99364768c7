// The process of one subject of the ordinary exporter. Its parent sends a message for each cycle
// and scrapes when it was answered.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { mainCpu, processCpu } from '../subjects/meter.ts';
import { ExporterData } from './exporter-data.ts';
import { HistogramData } from './histogram-data.ts';
import { HISTOGRAM_SUBJECTS } from './histogram-subjects.ts';
import type { OrdinaryReading } from './ordinary.ts';
import { SUBJECTS } from './subjects.ts';

const [, , name = '', size = '', kind = 'gauges'] = process.argv;

async function made() {
  if (kind === 'histograms') {
    const data = new HistogramData(Number(size));
    return { data, subject: await HISTOGRAM_SUBJECTS[name]!(data) };
  }
  const data = new ExporterData(Number(size));
  return { data, subject: await SUBJECTS[name]!(data) };
}

const { data, subject } = await made();
const share = name.endsWith('1 %') ? 0.01 : 1;

let garbageMs = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) garbageMs += duration;
}).observe({ entryTypes: ['gc'] });
const delay = monitorEventLoopDelay({ resolution: 1 });

let start = { cpu: 0, main: 0, garbage: 0 };

function begin(): void {
  start = { cpu: processCpu(), main: mainCpu(), garbage: garbageMs };
  delay.reset();
  delay.enable();
}

function end(): OrdinaryReading {
  const cpu = processCpu() - start.cpu;
  const main = mainCpu() - start.main;
  delay.disable();
  const block = Math.max(0, delay.max / 1e6 - 1);
  const { rss } = process.memoryUsage();
  return { cpu, main, block, garbage: garbageMs - start.garbage, rss, sum: data.sum() };
}

const server = createServer((request, response) => subject.listener(request, response));
// On a busy machine a cycle may take longer than the five seconds of Node.
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1');
await once(server, 'listening');
async function obey(message: 'cycle' | 'begin' | 'end'): Promise<object> {
  if (message === 'end') return end();
  if (message === 'begin') begin();
  else {
    data.change(share);
    await subject.cycle();
  }
  return {};
}

process.on('message', (message: 'cycle' | 'begin' | 'end') => {
  void obey(message).then((answer) => process.send!(answer));
});
process.on('disconnect', () => process.exit(0));
process.send!({ port: (server.address() as AddressInfo).port });
