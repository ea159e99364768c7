import { readdirSync, readFileSync } from 'node:fs';
import * as promClient from 'prom-client';
import { ACTIVITY_NAMES, FAMILIES, REPOSITORY_UP } from '../../examples/git-activity/families.ts';
import type { FamilyMetadata, SnapshotPoint } from '../../src/index.ts';
import type { Library } from './page-sink.ts';

/** What a source holds. */
export interface Content {
  readonly points: readonly SnapshotPoint[];
  readonly families?: readonly FamilyMetadata[];
}

const NOW = 1_700_000_000_000;

/** A point with a fixed time. */
export function pointOf(
  name: string,
  labels: Readonly<Record<string, string>>,
  value: number,
): SnapshotPoint {
  return { name, labels, value, updatedAt: NOW };
}

/** What the examples serve, with fixed values. */
export const EXAMPLES: Readonly<Record<string, Content>> = {
  'git-activity': {
    families: FAMILIES,
    points: ['project', 'a "quoted" one'].flatMap((repository, r) => [
      pointOf(REPOSITORY_UP, { repository }, r),
      ...['ada@example.org', 'Grace\\Hopper', '花火'].flatMap((user, u) =>
        ACTIVITY_NAMES.map((name, n) => pointOf(name, { repository, user }, r + u * 10.5 + n)),
      ),
    ]),
  },
  adapters: {
    families: [{ name: 'queue_jobs', type: 'gauge', help: 'Jobs that wait.' }],
    points: ['mail', 'search'].map((queue, i) => pointOf('queue_jobs', { queue }, 3 + 2 * i)),
  },
  hosts: {
    families: [
      { name: 'host_load', type: 'gauge', help: 'Load average over some minutes.' },
      { name: 'host_free_memory_bytes', type: 'gauge', unit: 'bytes', help: 'Free memory.' },
      { name: 'host_cpu_idle_seconds_total', type: 'counter', help: 'Time without work.' },
    ],
    points: ['one', 'two'].flatMap((host, h) => [
      ...['1', '5', '15'].map((minutes) => pointOf('host_load', { host, minutes }, h + 0.25)),
      pointOf('host_free_memory_bytes', { host }, 1e9 + h),
      ...['0', '1'].map((cpu) => pointOf('host_cpu_idle_seconds_total', { host, cpu }, 0.1 + h)),
    ]),
  },
};

/** Families of which some claim names of others. */
export const CLASHING: Content = {
  families: [
    { name: 'x_total', type: 'counter', help: 'Claims x.' },
    { name: 'x', type: 'gauge', help: 'Is x.' },
    { name: 'y_total', type: 'counter', unit: 'total' },
    { name: 'y_created', type: 'gauge' },
    { name: 'z_total', type: 'counter', help: 'Is alone.' },
  ],
  points: ['x_total', 'x', 'y_total', 'y_created', 'z_total'].flatMap((name) =>
    ['1', '2'].map((i) => pointOf(name, { i }, Number(i))),
  ),
};

/** The series of foreign test vectors that are legal here too. */
export function vectorPoints(parseSeriesId: Library['parseSeriesId']): Content {
  const folder = new URL('../../test/conformance/vectors/', import.meta.url);
  const corpus = readdirSync(new URL('openmetrics/', folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readFileSync(new URL(`openmetrics/${name}/metrics`, folder), 'utf8'));
  const probes = readFileSync(new URL('parser-probes.jsonl', folder), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly input: string }).input);
  const points = new Map<string, SnapshotPoint>();
  for (const line of [...corpus, ...probes].flatMap((text) => text.split('\n'))) {
    const id = /^[\w:]+(?:\{.*\})?(?= )/.exec(line)?.[0];
    if (id === undefined) continue;
    try {
      const { name, labels } = parseSeriesId(id);
      points.set(id, pointOf(name, labels, points.size));
    } catch {
      // Vectors hold illegal names too.
    }
  }
  return { points: [...points.values()] };
}

/** A registry of another client, with one metric of each kind. */
export function fixedRegistry(): promClient.Registry {
  const registry = new promClient.Registry();
  registry.setDefaultLabels({ app: 'x' });
  const [registers, help] = [[registry], 'Stands still.'];
  const labelNames = ['l'];
  const counter = new promClient.Counter({ name: 'still_total', help, labelNames, registers });
  counter.inc({ l: '\\"\n' }, 2);
  new promClient.Gauge({ name: 'still', help, labelNames, registers }).set({ l: 5 }, -0.25);
  const buckets = [0.1, 1];
  const histogram = new promClient.Histogram({ name: 'still_h', help, buckets, registers });
  histogram.observe(0.5);
  const summary = { name: 'still_s', help, percentiles: [0.5], registers };
  new promClient.Summary(summary).observe(3);
  return registry;
}
