import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Workload } from '../workload/workload.ts';
import { loadPeer } from './peer-package.ts';
import type { Subject } from './subject.ts';

/** What is called of OpenTelemetry. */
interface Exporter {
  getMetricsRequestHandler(request: IncomingMessage, response: ServerResponse): void;
}
interface ExporterPackage {
  readonly PrometheusExporter: new (options: object) => Exporter;
}
interface SdkPackage {
  readonly MeterProvider: new (options: object) => { getMeter(name: string): Meter };
}
interface Meter {
  createGauge(name: string, options: object): Gauge;
}
interface Gauge {
  record(value: number, attributes: object): void;
}

/**
 * OpenTelemetry's exporter with synchronous gauges, its limit of 2000 series raised. A series
 * cannot be removed. It has no compression, and its page cannot be had but through the response.
 */
export function openTelemetrySubject(workload: Workload): Subject {
  const { PrometheusExporter } = loadPeer('@opentelemetry/exporter-prometheus') as ExporterPackage;
  const { MeterProvider } = loadPeer('@opentelemetry/sdk-metrics') as SdkPackage;
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  });
  const aggregationCardinalityLimit = 2 * workload.places;
  const meter = new MeterProvider({
    readers: [exporter],
    views: [{ instrumentName: '*', aggregationCardinalityLimit }],
  }).getMeter('bench');
  const gauges = new Map<string, Gauge>(
    workload.families.map(({ name, help }) => [
      name,
      meter.createGauge(name, { description: help }),
    ]),
  );
  let noted: Iterable<number> = [];
  const record = (place: number): void =>
    gauges.get(workload.name(place))!.record(workload.values[place]!, workload.labels(place));
  const recordAll = (): void => {
    for (let i = 0; i < workload.places; i++) if (workload.present[i] === 1) record(i);
  };
  let isFull = false;
  return {
    listener: (request, response) => exporter.getMetricsRequestHandler(request, response),
    build: recordAll,
    note: ({ kind }, touched) => {
      isFull = kind === 'full';
      noted = touched;
    },
    refresh: () => {
      if (isFull) recordAll();
      for (const place of noted) record(place);
    },
  };
}
