import type { Change, Workload } from '../workload/workload.ts';
import { answer } from './gzip-answer.ts';
import { loadPeer } from './peer-package.ts';
import type { Subject } from './subject.ts';

/** What is called of `prom-client`, of its successor and of its fork. */
interface GaugeClient {
  readonly Registry: new () => { metrics(): Promise<string> | string };
  readonly Gauge: new (options: {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly string[];
    readonly registers: readonly object[];
  }) => Gauge;
}

interface Gauge {
  set(labels: object, value: number): void;
  remove(labels: object): void;
  reset(): void;
}

/**
 * A registry of gauges. A `full` refresh is what an exporter of snapshots must do with it: reset
 * the gauges, so that series that are gone do not stay, and set them all. Where it knows what
 * changed, it can set or remove those alone.
 */
export function promClientSubject(packageName: string, workload: Workload): Subject {
  const client = loadPeer(packageName) as GaugeClient;
  const registry = new client.Registry();
  const gauges = new Map<string, Gauge>(
    workload.families.map(({ name, help }) => [
      name,
      new client.Gauge({
        name,
        help: help ?? '',
        labelNames: ['org', 'repo', 'user'],
        registers: [registry],
      }),
    ]),
  );
  const setAll = (): void => {
    for (const gauge of gauges.values()) gauge.reset();
    for (const { name, labels, value } of workload.points())
      gauges.get(name)!.set(labels, value as number);
  };
  let noted: { change: Change; touched: Uint32Array } | undefined;
  return {
    listener: (request, response) => {
      void answer(request, response, registry.metrics());
    },
    build: setAll,
    note: (change, touched) => {
      noted = { change, touched };
    },
    refresh: () => {
      if (noted?.change.kind === 'full') setAll();
      for (const place of noted?.touched ?? []) {
        const gauge = gauges.get(workload.name(place))!;
        if (workload.present[place] === 0) gauge.remove(workload.labels(place));
        else gauge.set(workload.labels(place), workload.values[place]!);
      }
    },
  };
}
