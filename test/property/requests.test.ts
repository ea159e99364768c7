import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createCachedSnapshotReader, createOpenMetricsHandler } from '../../src/index.ts';
import { ModelSource } from '../support/model-source.ts';
import { state } from '../support/scripted-source.ts';
import { tries } from '../support/tries.ts';

// Pieces that mean something, glued together at random, find more than random characters do.
const HEADER_PIECES = [
  'gzip',
  'identity',
  '*',
  '*/*',
  'application/openmetrics-text',
  'text/plain',
  ';',
  ',',
  'q=',
  'q=0',
  'q=0.5',
  'version=1.0.0',
  'version=0.0.4',
  'escaping=dots',
  '"',
  '\\',
  ' ',
  '=',
];
const QUERY_PIECES = [
  'name[]=',
  'name%5B%5D=',
  'prefix[]=',
  'match[]=',
  'shard=',
  '1/2',
  '2/2',
  '0/0',
  'state',
  'a_total',
  '&',
  '=',
  '{',
  '}',
  'l=',
  '=~',
  '!~',
  '"',
  '%22',
  "'",
  '`',
  ',',
  '.*',
  '(',
  ')',
  '[a-',
  '\\',
  '%5C',
  '%00',
  '%',
  '%zz',
  '%c3%28',
  '+',
  '#',
  '?',
  '😀',
  '\u202e',
];

const glued = (pieces: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...pieces) }, fc.string()), {
      maxLength: 12,
    })
    .map((parts) => parts.join(''));
// Header values are bytes; what Request rejects is not a request.
const header = glued(HEADER_PIECES).map((text) => text.replace(/[^\x20-\x7e]/g, ''));

function handler() {
  const source = new ModelSource();
  source.declared = [{ name: 'a_total', type: 'counter', help: 'All.' }];
  source.put('state', state(1));
  for (const l of ['', 'x', '"', '\\', '}']) {
    source.put(l, { name: 'a_total', labels: { l }, value: 1, updatedAt: 1 });
  }
  const errors: unknown[] = [];
  const reader = createCachedSnapshotReader(source, { refreshInterval: 1e9 });
  const onError = (error: unknown): void => void errors.push(error);
  return { handler: createOpenMetricsHandler(reader, { onError }), errors };
}

it('every request gets a whole page or a plain rejection', async () => {
  const { handler: subject, errors } = handler();
  const seen = new Set<number>();
  const method = fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST');
  await fc.assert(
    fc.asyncProperty(header, header, glued(QUERY_PIECES), method, async (accept, coding, q, m) => {
      const headers = { accept, 'accept-encoding': coding };
      const request = new Request(`http://exporter/metrics?${q}`, { method: m, headers });
      const response = await subject.fetch(request);
      const body = Buffer.from(await response.arrayBuffer());
      seen.add(response.status);
      if (m === 'POST') expect(response.status).toBe(405);
      else expect([200, 400]).toContain(response.status);
      if (m === 'HEAD') expect(body).toHaveLength(0);
      if (response.status !== 200) {
        expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
        expect(body.toString()).toMatch(/^[^\p{Cc}\p{Cf}]{0,500}\n?$/u);
      } else if (m === 'GET') {
        const isGzipped = response.headers.get('content-encoding') === 'gzip';
        const page = (isGzipped ? gunzipSync(body) : body).toString();
        const isOpen = response.headers.get('content-type')!.startsWith('application/openmetrics');
        expect(page === '' || page.endsWith('\n')).toBe(true);
        expect(page.endsWith('# EOF\n')).toBe(isOpen);
        expect(page.split('# EOF').length).toBe(isOpen ? 2 : 1);
      }
    }),
    { numRuns: tries(300) },
  );
  expect(errors).toEqual([]);
  expect([...seen].sort((a, b) => a - b)).toEqual([200, 400, 405]);
}, 3_600_000);
