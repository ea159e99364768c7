import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type FamilyMetadata,
  type MetricPoint,
} from '../../src/index.ts';
import { type ExposedPoint, type Exposition, parseExposition } from '../../src/parse/index.ts';
import { type TypedContent, typedContent } from '../support/any-types.ts';
import { tries } from '../support/tries.ts';

// What we write, we read: as the model, if the format has all of it; and as the page in any format.

const ACCEPT = {
  text: 'text/plain;version=1.0.0',
  'OpenMetrics 1': 'application/openmetrics-text;version=1.0.0',
  'OpenMetrics 2': 'application/openmetrics-text;version=2.0.0',
  protobuf:
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
} as const;
type Format = keyof typeof ACCEPT;

interface Page {
  readonly contentType: string;
  readonly body: Buffer;
}

async function render(
  {
    families,
    points,
  }: { readonly families: readonly FamilyMetadata[]; readonly points: readonly MetricPoint[] },
  format: Format,
): Promise<Page> {
  const reader = createCachedSnapshotReader({ snapshot: () => points, families: () => families });
  await reader.refresh();
  expect(reader.cacheStats().lastRejected).toEqual([]);
  const handler = createOpenMetricsHandler(reader, { selfMetrics: false, createdLines: true });
  const accept = `${ACCEPT[format]};escaping=allow-utf-8`;
  const response = await handler.fetch(new Request('http://localhost/', { headers: { accept } }));
  return {
    contentType: response.headers.get('content-type')!,
    body: Buffer.from(await response.arrayBuffer()),
  };
}

function parse({ contentType, body }: Page): Exposition {
  return parseExposition(body, { format: contentType, rules: 'specification' });
}

/** Text has no gauge histograms: it shows their parts as families of other types. */
function without(content: TypedContent, types: readonly string[]): TypedContent {
  const dropped = new Set(
    content.families.filter(({ type }) => types.includes(type)).map(({ name }) => name),
  );
  return {
    families: content.families.filter(({ name }) => !dropped.has(name)),
    points: content.points.filter(({ name }) => !dropped.has(name)),
  };
}

/** OpenMetrics 1 has whole counts alone, and a family without points is not rendered again. */
function withWholeCounts({ families, points }: TypedContent): TypedContent {
  const kept = points.filter(({ value }) => typeof value === 'number' || isWhole(value));
  const names = new Set(kept.map(({ name }) => name));
  return { families: families.filter(({ name }) => names.has(name)), points: kept };
}

function isWhole(value: Exclude<MetricPoint['value'], number>): boolean {
  const buckets = 'quantiles' in value ? [] : (value.buckets ?? []);
  return [value.count, ...buckets.map(([, count]) => count)].every(Number.isInteger);
}

const SHOWN: Readonly<Partial<Record<Format, (content: TypedContent) => TypedContent>>> = {
  text: (content) => without(content, ['gaugehistogram']),
  'OpenMetrics 1': withWholeCounts,
};

const RUNS = { numRuns: tries(80), seed: 7 };

describe('a page that we render', () => {
  it.each(Object.keys(ACCEPT) as Format[])(
    'is rendered again from what is read of it, in %s',
    async (format) => {
      const property = fc.asyncProperty(typedContent, async (content) => {
        const page = await render(SHOWN[format]?.(content) ?? content, format);
        const again = await render(parse(page), format);
        expect(again.body.toString('latin1')).toBe(page.body.toString('latin1'));
      });
      await fc.assert(property, RUNS);
    },
  );

  it.each<Format>(['OpenMetrics 2', 'protobuf'])('is read as the model, in %s', async (format) => {
    const property = fc.asyncProperty(typedContent, async (content) => {
      // Protobuf has neither infos nor state sets.
      const full = format === 'protobuf' ? without(content, ['info', 'stateset']) : content;
      const { families, points } = parse(await render(full, format));
      const named = (list: readonly { name: string }[]): object[] =>
        [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
      expect(named(families)).toEqual(named(full.families.map(plainFamily)));
      const types = new Map(full.families.map(({ name, type }) => [name, type]));
      const told = (list: readonly (MetricPoint | ExposedPoint)[]): string[] =>
        list.map((point) => comparable(point, format, types)).sort();
      expect(told(points)).toEqual(told(full.points));
    });
    await fc.assert(property, RUNS);
  });
});

/** Empty help is none. */
function plainFamily({ name, type, help }: FamilyMetadata): FamilyMetadata {
  return { name, type, ...(help !== undefined && { help }) };
}

/** The types whose start time is shown, and those whose exemplars are. */
const STARTED: ReadonlySet<string | undefined> = new Set(['counter', 'histogram', 'summary']);
const EXEMPLIFIED: ReadonlySet<string | undefined> = new Set([
  'counter',
  'histogram',
  'gaugehistogram',
]);

/**
 * A point as text, without what the format has no place for.
 *
 * @param types - those of the families.
 */
function comparable(
  point: MetricPoint | ExposedPoint,
  format: Format,
  types: ReadonlyMap<string, string | undefined>,
): string {
  const { name, labels = {}, value, timestamp } = point;
  const type = types.get(name);
  const startTime = STARTED.has(type) ? point.startTime : undefined;
  const pairs = Object.entries(labels as Record<string, string>).filter(([, text]) => text !== '');
  const isShown = format !== 'protobuf' && EXEMPLIFIED.has(type);
  const exemplars = isShown ? (point.exemplars ?? []) : [];
  const parts = [
    name,
    pairs.sort(([a], [b]) => (a < b ? -1 : 1)),
    value,
    timestamp,
    startTime,
    exemplars,
  ];
  return JSON.stringify(parts, (_, inner: unknown) => {
    if (typeof inner === 'number') return Object.is(inner, -0) ? '-0' : String(inner);
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
