import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCachedSnapshotReader, type SnapshotPoint } from '../../src/index.ts';
import { ModelSource } from '../support/model-source.ts';
import { bareHandler, pageOf, SYNTAXES, scrape } from '../support/page.ts';
import { ScriptedSource, state } from '../support/scripted-source.ts';
import { tries } from '../support/tries.ts';

/** The families of a page by its headers, and by its samples. */
function familiesOf(page: string): { headers: string[]; samples: string[] } {
  const headers: string[] = [];
  const samples: string[] = [];
  for (const line of page.split('\n')) {
    const header = /^# TYPE (\S+) /.exec(line)?.[1];
    const sample = /^[^#{ ]+/.exec(line)?.[0];
    if (header !== undefined) headers.push(header);
    if (sample !== undefined && samples.at(-1) !== sample) samples.push(sample);
  }
  return { headers, samples };
}

it('HELP and TYPE stand once for each family, with samples or none (kube-state-metrics#2866)', async () => {
  const families = ['a', 'b', 'c', 'd', 'e'];
  const there = fc.array(fc.subarray(families), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(there, async (rounds) => {
      const source = new ModelSource();
      source.declared = families.map((name) => ({ name, type: 'gauge', help: `Of ${name}.` }));
      const reader = createCachedSnapshotReader(source, { refreshInterval: 1e6 });
      const handler = bareHandler(reader);
      for (const names of rounds) {
        for (const name of families) {
          const point = { name, labels: { i: name }, value: 1, updatedAt: 1 };
          if (names.includes(name)) source.put(name, point);
          else source.end(name, { deleted: true, point });
        }
        await reader.refresh();
        for (const syntax of SYNTAXES) {
          const page = await pageOf(handler, syntax);
          expect(familiesOf(page)).toEqual({ headers: families, samples: names });
          expect(page.match(/# HELP/g)?.length ?? 0).toBe(families.length);
          expect(page.endsWith('# EOF\n')).toBe(syntax === 'openmetrics');
        }
      }
    }),
    { numRuns: tries(40) },
  );
});

describe('a body', () => {
  it('is gzipped once, and not said to be coded when it is not (kube-state-metrics#1371)', async () => {
    const handler = bareHandler(createCachedSnapshotReader(new ScriptedSource()));
    const plain = await scrape(handler, { 'accept-encoding': 'identity' });
    expect(plain.headers.has('content-encoding')).toBe(false);
    const gzipped = await scrape(handler, { 'accept-encoding': 'gzip' });
    expect(gzipped.headers.get('content-encoding')).toBe('gzip');
    const body = Buffer.from(await gzipped.arrayBuffer());
    expect(gunzipSync(body).toString()).toBe(await plain.text());
    expect(body.subarray(0, 2)).not.toEqual(gunzipSync(body).subarray(0, 2));
  });

  it('is whole whatever the query says (kube-state-metrics#3073)', async () => {
    const handler = bareHandler(createCachedSnapshotReader(new ScriptedSource()));
    const page = await pageOf(handler);
    for (const query of ['?name[]=', '?collect[]=', '?']) {
      const response = await handler.fetch(new Request(`http://exporter/metrics${query}`));
      expect(await response.text()).toBe(page);
    }
  });

  it('has every label set of a family, whatever labels came first (micrometer#2400)', async () => {
    const source = new ScriptedSource();
    const sets = [{}, { a: '1' }, { b: '1' }, { a: '1', b: '2' }, { c: '3' }];
    source.answer = () => sets.map((labels): SnapshotPoint => ({ ...state(1), labels }));
    const reader = createCachedSnapshotReader(source);
    const lines = (await pageOf(bareHandler(reader))).split('\n');
    expect(lines).toEqual([
      '# TYPE state gauge',
      'state 1',
      'state{a="1",b="2"} 1',
      'state{a="1"} 1',
      'state{b="1"} 1',
      'state{c="3"} 1',
      '',
    ]);
    expect(Object.values(reader.cacheStats().rejected).every((count) => count === 0)).toBe(true);
  });

  it('loses a series that has ended, and has it as it is when it comes back (statsd_exporter#353)', async () => {
    const source = new ModelSource();
    const point = { name: 'jobs_total', labels: {}, value: 5, updatedAt: 1 };
    source.declared = [{ name: 'jobs_total', type: 'counter' }];
    source.put('state', state(1));
    source.put('jobs', point);
    const reader = createCachedSnapshotReader(source, { refreshInterval: 1e6 });
    const handler = bareHandler(reader);
    await reader.refresh();
    const before = await pageOf(handler);
    source.end('jobs', { deleted: true, point });
    await reader.refresh();
    expect(await pageOf(handler)).toBe('# TYPE jobs_total counter\n# TYPE state gauge\nstate 1\n');
    source.put('jobs', point);
    await reader.refresh();
    expect(await pageOf(handler)).toBe(before);
  });
});
