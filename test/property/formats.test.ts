import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type OpenMetricsHandler,
  type SnapshotPoint,
  seriesId,
} from '../../src/index.ts';
import { type TypedContent, typedContent } from '../support/any-types.ts';
import { ModelSource } from '../support/model-source.ts';
import { tries } from '../support/tries.ts';

const OPENMETRICS = 'application/openmetrics-text';
const PROTOBUF =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

const FORMATS: readonly string[] = [
  'text/plain;version=0.0.4',
  'text/plain;version=1.0.0;escaping=allow-utf-8',
  `${OPENMETRICS};version=1.0.0;escaping=allow-utf-8`,
  `${OPENMETRICS};version=0.0.1;escaping=dots`,
  `${OPENMETRICS};version=2.0.0`,
  `${OPENMETRICS};version=2.0.0;escaping=values`,
  PROTOBUF,
];

/** The pages of a handler, in every format. */
async function pagesOf(
  handler: OpenMetricsHandler,
  coding: 'gzip' | 'identity' = 'identity',
  query = '',
): Promise<readonly string[]> {
  const pages: string[] = [];
  for (const accept of FORMATS) {
    const headers = { accept, 'accept-encoding': coding };
    const response = await handler.fetch(new Request(`http://localhost/${query}`, { headers }));
    expect(response.status).toBe(200);
    const body = Buffer.from(await response.arrayBuffer());
    pages.push((coding === 'gzip' ? gunzipSync(body) : body).toString('latin1'));
  }
  return pages;
}

/** Makes a source hold some content; its delta says what changed. */
function become(source: ModelSource, { families, points }: TypedContent, updatedAt: number): void {
  const states = new Map<string, SnapshotPoint>();
  for (const point of points) {
    states.set(seriesId(point), { ...point, updatedAt } as SnapshotPoint);
  }
  for (const { name, labels } of source.snapshot() as Iterable<SnapshotPoint>) {
    const id = seriesId({ name, labels });
    if (!states.has(id)) source.end(id, { deleted: true, seriesId: id });
  }
  for (const [id, point] of states) source.put(id, point);
  source.declared = families;
}

it('a page of what changed is the page of all, in every format and escaping', async () => {
  const histories = fc.array(typedContent, { minLength: 2, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const source = new ModelSource();
      const reader = createCachedSnapshotReader(source, { now: () => 0, refreshInterval: 1e9 });
      const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
      for (const [at, content] of history.entries()) {
        become(source, content, at);
        await reader.refresh();
        const anew = createOpenMetricsHandler(
          createCachedSnapshotReader(source, { mode: 'full' }),
          {
            selfMetrics: false,
          },
        );
        const pages = await pagesOf(anew);
        expect(await pagesOf(handler)).toEqual(pages);
        expect(await pagesOf(handler, 'gzip')).toEqual(pages);
        // A query that chooses all streams the same.
        expect(await pagesOf(handler, 'gzip', '?prefix[]=f')).toEqual(pages);
      }
    }),
    { numRuns: tries(12) },
  );
});
