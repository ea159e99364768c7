import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createCachedSnapshotReader, createOpenMetricsHandler } from '../../src/index.ts';
import {
  type ExposedPoint,
  type Exposition,
  InvalidExpositionError,
  type ParseOptions,
  parseExposition,
  type WholePage,
} from '../../src/parse/index.ts';
import { normalSeries, seriesOf } from '../support/prometheus-series.ts';

// What our parser makes of pages whose verdicts and series are known. No tool is needed.

const VECTORS = new URL('./vectors/', import.meta.url);
const CORPUS = new URL('openmetrics/', VECTORS);

function vectors<T>(file: string): T[] {
  const lines = readFileSync(new URL(file, VECTORS), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as T);
}

function verdict(page: WholePage, options: ParseOptions): string {
  try {
    parseExposition(page, options);
    return 'accept';
  } catch (error) {
    if (!(error instanceof InvalidExpositionError)) throw error;
    expect(error.faults.length).toBeGreaterThan(0);
    for (const { rule, line, column, remedy } of error.faults) {
      expect([rule, line, column, remedy]).toEqual([
        expect.stringMatching(/^[a-z0-9_]+$/),
        expect.any(Number),
        expect.any(Number),
        expect.stringMatching(/^[A-Z`].{5}/),
      ]);
      expect(line).toBeGreaterThan(0);
      expect(column).toBeGreaterThan(0);
    }
    return 'reject';
  }
}

/** Pages that the parser of Prometheus takes, and that fail the scrape in its database. */
const REFUSED_AFTER_PARSING: ReadonlySet<string> = new Set([
  'a{x="1",x="2"} 1\n',
  'a{"__name__"="z"} 1\n',
  'a{__name__="z"} 1\n',
  '{""} 1\n# EOF\n',
  'a{""="1"} 1\n# EOF\n',
  'label-dup',
  'hist-le-label',
]);

describe('the corpus of OpenMetrics, by the specification', () => {
  const cases = readdirSync(CORPUS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const pageOf = (name: string): Buffer => readFileSync(new URL(`${name}/metrics`, CORPUS));

  it('is there', () => {
    expect(cases.length).toBeGreaterThan(160);
  });

  it.each(cases)('%s', (name) => {
    const { shouldParse } = JSON.parse(
      readFileSync(new URL(`${name}/test.json`, CORPUS), 'utf8'),
    ) as { shouldParse: boolean };
    const page = pageOf(name);
    expect(verdict(page, { format: 'openmetrics' })).toBe(shouldParse ? 'accept' : 'reject');
    // By tolerant rules no page throws that is not beyond a limit.
    expect(verdict(page, { format: 'openmetrics', rules: 'tolerant' })).toBe('accept');
  });
});

describe('the good cases of the corpus', () => {
  const cases = readdirSync(CORPUS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('bad_'))
    .map(({ name }) => name);
  /**
   * An exemplar of one is in a bucket that its value is not in; a time of the other is 10^22 ms,
   * which no point may have.
   */
  const OTHERS = /^(gaugehistogram_exemplars|timestamps)$/;

  it.each(cases.filter((name) => !OTHERS.test(name)))(
    '%s is rendered with the same meaning',
    async (name) => {
      const format = 'application/openmetrics-text; version=1.0.0';
      const page = readFileSync(new URL(`${name}/metrics`, CORPUS));
      const read = parseExposition(page, { format });
      const ids = read.points.map(({ name: family, labels }) => JSON.stringify([family, labels]));
      // A snapshot has one sample of a series.
      if (new Set(ids).size < ids.length) return;
      const reader = createCachedSnapshotReader({
        snapshot: () => read.points,
        families: () => read.families,
      });
      const handler = createOpenMetricsHandler(reader, { selfMetrics: false, createdLines: true });
      const accept = `${format}; escaping=allow-utf-8`;
      const response = await handler.fetch(
        new Request('http://localhost/', { headers: { accept } }),
      );
      expect(reader.cacheStats().lastRejected).toEqual([]);
      const again = parseExposition(Buffer.from(await response.arrayBuffer()), { format });
      const sorted = ({ points }: Exposition): string[] => seriesOf({ ...read, points }).sort();
      expect(sorted(again)).toEqual(sorted(read));
    },
  );
});

describe('probes of the parsers of others', () => {
  interface Probe {
    readonly format: 'text-0.0.4' | 'openmetrics-1.0';
    readonly input: string;
    readonly prometheus: string;
    readonly python_reference?: string;
  }
  /** Where the specification is read otherwise than Python's `prometheus_client` reads it. */
  const DEPARTURES: Readonly<Record<string, string>> = {
    'a{x:y="1"} 1\n# EOF\n': 'no colon in label names',
    '{"a.b","c.d"="1"} 1 5\n# EOF\n': 'names in quotes',
    'a{""="1"} 1\n# EOF\n': 'no empty label names',
    '{"line\\nbreak"} 1\n# EOF\n': 'names in quotes',
  };

  it.each(vectors<Probe>('parser-probes.jsonl'))('$format $input', (probe) => {
    const format = probe.format === 'text-0.0.4' ? 'text' : 'openmetrics';
    const isRefused = REFUSED_AFTER_PARSING.has(probe.input);
    expect(verdict(probe.input, { format, rules: 'prometheus' })).toBe(
      isRefused ? 'reject' : probe.prometheus,
    );
    if (probe.python_reference === undefined) return;
    const agrees = verdict(probe.input, { format }) === probe.python_reference;
    expect(agrees).toBe(!(probe.input in DEPARTURES));
  });
});

describe('inputs of OpenMetrics 2.0', () => {
  interface Input {
    readonly id: string;
    readonly input: string;
    readonly prometheus: string;
    readonly spec: string;
    readonly series?: readonly string[];
  }

  it.each(vectors<Input>('om2.jsonl'))('$id', ({ id, input, prometheus, spec, series = [] }) => {
    const expected = REFUSED_AFTER_PARSING.has(id) ? 'reject' : prometheus;
    expect(verdict(input, { format: 'openmetrics2', rules: 'prometheus' })).toBe(expected);
    expect(verdict(input, { format: 'openmetrics2' })).toBe(spec.replace('-drop-exemplar', ''));
    if (expected === 'reject') return;
    const page = parseExposition(input, { format: 'openmetrics2', rules: 'prometheus' });
    // A native histogram is one value, which is compared with the model below.
    if (page.points.every(({ value }) => typeof value === 'number' || !('schema' in value))) {
      expect(seriesOf(page)).toEqual(series.map((text) => normalSeries(withoutTwin(text))));
    }
  });
});

/** Labels of an exemplar are a record here, so that a name is there once. */
function withoutTwin(text: string): string {
  return text.replace('ex={t="1", t="2"}', 'ex={t="2"}');
}

interface Model {
  readonly name: string;
  readonly type: string;
  readonly help?: string;
  readonly unit?: string;
  readonly samples?: readonly {
    readonly labels?: Readonly<Record<string, string>>;
    readonly value: unknown;
    readonly timestampMs?: number;
    readonly startMs?: number;
    readonly exemplars?: readonly { labels: object; value: unknown; timestampMs?: number }[];
  }[];
}

const NUMBERS: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ['NaN', Number.NaN],
  ['+Inf', Infinity],
  ['-Inf', -Infinity],
]);

/** JSON has no word for some numbers. */
function revived<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, inner: unknown) => NUMBERS.get(inner) ?? inner) as T;
}

describe('protobuf messages', () => {
  interface Message {
    readonly id: string;
    readonly hex: string;
    readonly prometheus: string;
    readonly prometheusSeries: readonly string[];
  }

  it.each(vectors<Message>('protobuf.jsonl'))(
    '$id',
    ({ id, hex, prometheus, prometheusSeries }) => {
      const bytes = Buffer.from(hex, 'hex');
      const expected = REFUSED_AFTER_PARSING.has(id) ? 'reject' : prometheus.split(':')[0]!;
      const options = { format: 'protobuf', rules: 'prometheus' } as const;
      expect(verdict(bytes, options)).toBe(expected);
      if (expected === 'reject') return;
      const page = parseExposition(bytes, options);
      if (page.points.every(({ value }) => typeof value === 'number' || !('schema' in value))) {
        expect(seriesOf(page, true)).toEqual(prometheusSeries.map(normalSeries));
      }
    },
  );
});

describe('pages of every type and format', () => {
  interface Projection {
    readonly id: string;
    readonly format: string;
    readonly contentType: string;
    readonly model: readonly Model[];
    readonly text?: string;
    readonly hex?: string;
    readonly prometheusSeries: readonly string[];
  }

  const pageOf = ({ text, hex }: Projection): WholePage => text ?? Buffer.from(hex!, 'hex');
  const projections = vectors<Projection>('projections.jsonl');

  it.each(projections)('$id in $format gives the series of Prometheus', (projection) => {
    const isProtobuf = projection.hex !== undefined;
    const format = projection.contentType;
    const page = parseExposition(pageOf(projection), { format, rules: 'prometheus' });
    const hasNative = page.points.some(
      ({ value }) => typeof value === 'object' && 'schema' in value,
    );
    const sorted = (series: readonly string[]): string[] => [...series].sort();
    if (!hasNative) {
      // Without a feature flag, lines that say when a value began are series to Prometheus.
      const isFirst = format.includes('version=1.0.0') || format.includes('version=0.0.1');
      const theirs = projection.prometheusSeries.map((series) =>
        isFirst ? normalSeries(series).replace(/ st=\d+/, '') : normalSeries(series),
      );
      const ours = seriesOf(page, isProtobuf).filter((series) => !series.includes('_created"'));
      expect(sorted(ours)).toEqual(sorted(theirs));
    }
    expect(verdict(pageOf(projection), { format })).toBe('accept');
  });

  const whole = projections.filter(({ format }) => format === 'om-2.0.0' || format === 'protobuf');

  it.each(whole)('$id in $format gives the model', (projection) => {
    const page = parseExposition(pageOf(projection), { format: projection.contentType });
    expect(page.points.map(withoutExemplars)).toEqual(
      expectedPoints(projection.model, projection.text !== undefined),
    );
    expectFamilies(page, projection);
  });

  function expectFamilies(page: Exposition, { model, format }: Projection): void {
    const isWhole = format === 'om-2.0.0';
    const known = model.filter(({ samples }) => isWhole || (samples ?? []).length > 0);
    expect(page.families).toEqual(
      known.map(({ name, type, help, unit }) => ({
        name,
        type: isWhole ? type : type === 'info' || type === 'stateset' ? 'gauge' : type,
        ...(help !== undefined && { help }),
        ...(unit !== undefined && { unit }),
      })),
    );
  }
});

function withoutExemplars(point: ExposedPoint): object {
  const { name, labels, value, timestamp, startTime } = point;
  return {
    name,
    labels,
    value,
    ...(timestamp !== undefined && { timestamp }),
    ...(startTime !== undefined && { startTime }),
  };
}

/** The points of a model, without exemplars; in protobuf a timestamp of 0 is none. */
function expectedPoints(model: readonly Model[], isText: boolean): object[] {
  return model.flatMap(({ name, type, samples = [] }) =>
    samples.map(({ labels = {}, value, timestampMs, startMs }) => ({
      name,
      labels: Object.fromEntries(Object.entries(labels).filter(([, text]) => text !== '')),
      value: revived(value),
      ...(timestampMs !== undefined && (isText || timestampMs !== 0) && { timestamp: timestampMs }),
      ...(startMs !== undefined && type !== 'gauge' && { startTime: startMs }),
    })),
  );
}
