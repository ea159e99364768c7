import { describe, expect, it } from 'vitest';
import { manyPoints } from '../../test/support/many-points.ts';
import { ACCEPT, type Syntax } from '../../test/support/page.ts';
import { ScriptedSource, state } from '../../test/support/scripted-source.ts';
import { until } from '../../test/support/until.ts';
import type { Deflater } from '../formats/deflate.ts';
import { type CachedSnapshotReader, createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { formsOf, RecentForms } from './derived-forms.ts';
import { createOpenMetricsHandler } from './handler.ts';
import type { HandlerOptions } from './handler-options.ts';

describe('the forms that are kept', () => {
  it('are dropped after ten snapshots in which no scrape asked for them', () => {
    const forms = new RecentForms<string>();
    forms.asked('a');
    for (let i = 0; i < 10; i++) expect(forms.published()).toEqual(['a']);
    expect(forms.published()).toEqual([]);
    forms.asked('b');
    for (let i = 0; i < 30; i++) {
      expect(forms.published()).toEqual(['b']);
      if (i % 9 === 0) forms.asked('b');
    }
  });

  it('are three at most, until one of them is dropped', () => {
    const forms = new RecentForms<string>();
    for (const form of ['a', 'b', 'c', 'a']) expect(forms.asked(form)).toBe(true);
    for (let i = 0; i < 10; i++) {
      expect(forms.asked('d')).toBe(false);
      expect(forms.canKeep('d')).toBe(false);
      expect(forms.published()).toEqual(['a', 'b', 'c']);
      forms.asked('a');
    }
    expect(forms.published()).toEqual(['a']);
    expect(forms.asked('d')).toBe(true);
  });
});

/** A source of a family of dozens of chunks that stay, and a series that changes with each read. */
function exporter(options: HandlerOptions = {}) {
  const source = new ScriptedSource();
  const points = manyPoints(4000, 700);
  source.answer = () => [...points, state(source.reads)];
  const reader = createCachedSnapshotReader(source, { refreshInterval: 1e9 });
  const handler = createOpenMetricsHandler(reader, { selfMetrics: false, ...options });
  const scrape = async (syntax: Syntax, coding = 'gzip', query = ''): Promise<Response> => {
    const headers = { accept: ACCEPT[syntax], 'accept-encoding': coding };
    const url = `http://exporter/metrics${query}`;
    const response = await handler.fetch(new Request(url, { headers }));
    await response.arrayBuffer();
    return response;
  };
  return { reader, scrape };
}

/** How many pieces are compressed for a snapshot and its scrapes. */
async function deflatedBy(
  reader: CachedSnapshotReader,
  work: () => Promise<unknown>,
): Promise<number> {
  const deflater = (): Deflater => formsOf(reader).deflater(1);
  const before = deflater();
  const deflated = before.deflated;
  await work();
  let calm = 0;
  let last = -1;
  await until('nothing is compressed any more', () => {
    calm = deflater().deflated === last ? calm + 1 : 0;
    last = deflater().deflated;
    return calm > 25;
  });
  return deflater() === before ? last - deflated : last;
}

describe('what is compressed', () => {
  it('is kept for ten snapshots without a scrape, then dropped and made again on request', async () => {
    const { reader, scrape } = exporter();
    await reader.refresh();
    const whole = await deflatedBy(reader, () => scrape('openmetrics'));
    expect(whole).toBeGreaterThan(15);
    for (let i = 0; i < 10; i++) {
      // The piece of the series that changed.
      expect(await deflatedBy(reader, () => reader.refresh())).toBe(1);
    }
    expect(await deflatedBy(reader, () => scrape('openmetrics'))).toBe(0);
    for (let i = 0; i < 10; i++) await deflatedBy(reader, () => reader.refresh());
    expect(await deflatedBy(reader, () => reader.refresh())).toBe(0);
    expect(await deflatedBy(reader, () => scrape('openmetrics'))).toBe(whole);
  });

  it('is kept for queries as well, though no page is made ahead for them', async () => {
    const { reader, scrape } = exporter();
    for (let i = 0; i < 11; i++) await reader.refresh();
    const query = '?name[]=many';
    const whole = await deflatedBy(reader, () => scrape('text', 'gzip', query));
    expect(whole).toBeGreaterThan(15);
    expect(await deflatedBy(reader, () => reader.refresh())).toBe(0);
    expect(await deflatedBy(reader, () => scrape('text', 'gzip', query))).toBeLessThan(3);
  });

  it('in a fourth form is sent while it is made, and shares its pieces', async () => {
    const { reader, scrape } = exporter();
    await reader.refresh();
    await scrape('openmetrics');
    for (const syntax of ['openmetrics', 'text'] as const) await scrape(syntax, 'identity');
    const deflated = await deflatedBy(reader, async () => {
      for (let i = 0; i < 2; i++) {
        const fourth = await scrape('text');
        expect(fourth.headers.get('content-encoding')).toBe('gzip');
        expect(fourth.headers.has('content-length')).toBe(false);
      }
    });
    // The pieces that its heads are joined into, once for the snapshot.
    expect(deflated).toBeLessThan(3);
    expect((await scrape('openmetrics')).headers.has('content-length')).toBe(true);
  });
});
