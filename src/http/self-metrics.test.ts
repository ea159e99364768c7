import { describe, expect, it } from 'vitest';
import { Clock } from '../../test/support/clock.ts';
import { pageOf, SYNTAXES, scrape } from '../../test/support/page.ts';
import { type Answer, state, statePage } from '../../test/support/scripted-source.ts';
import { ScriptedStore } from '../../test/support/scripted-store.ts';
import { REJECTION_REASONS } from '../model/rejection.ts';
import { type CachedSnapshotReader, createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { mergeReaders } from '../sources/merged-reader.ts';
import { createOpenMetricsHandler } from './handler.ts';

/** The samples of a page as name and labels to value. */
function samplesOf(page: string): ReadonlyMap<string, number> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

function exporter(store = new ScriptedStore()) {
  const clock = new Clock();
  const reader = createCachedSnapshotReader(store, { now: clock.now, refreshInterval: 1e9 });
  const handler = createOpenMetricsHandler(reader);
  return { store, clock, reader, handler };
}

describe('the metrics of the exporter itself', () => {
  it('stand behind those of the source, each with its HELP and TYPE', async () => {
    const { reader, handler } = exporter();
    // This source tells which state it is in by deltas alone.
    for (let i = 0; i < 2; i++) await reader.refresh();
    for (const syntax of SYNTAXES) {
      const page = await pageOf(handler, syntax);
      expect(page.startsWith(statePage(1))).toBe(true);
      const own = page.slice(statePage(1).length);
      const names = [...new Set([...samplesOf(own).keys()].map((id) => id.split('{')[0]!))];
      expect(names).toEqual([
        'snapscrape_series',
        'snapscrape_snapshot_age_seconds',
        'snapscrape_snapshot_version',
        'snapscrape_refresh_duration_seconds',
        'snapscrape_refreshes_total',
        'snapscrape_refresh_fallbacks_total',
        'snapscrape_refresh_longest_slice_seconds',
        'snapscrape_rejected_points_total',
        'snapscrape_family_metadata_faults',
        'snapscrape_scrape_errors_total',
        'snapscrape_http_requests_total',
        'snapscrape_http_requests_in_flight',
      ]);
      for (const name of names) {
        const family = syntax === 'openmetrics' ? name.replace(/_total$/, '') : name;
        const type = name.endsWith('_total') ? 'counter' : 'gauge';
        expect(own.match(new RegExp(`^# TYPE ${family} ${type}$`, 'gm'))).toHaveLength(1);
        expect(own.match(new RegExp(`^# HELP ${family} \\S.*\\.$`, 'gm'))).toHaveLength(1);
      }
    }
  });

  it('show refreshes, ages, families and rejected points', async () => {
    const { store, clock, reader, handler } = exporter();
    store.answers.families = () => [{ name: 'state' }, { name: 'a' }];
    await reader.refresh();
    await reader.refresh();
    store.answers.snapshotDelta = () => ({ reset: true });
    store.answers.snapshot = () => [state(1), null, { ...state(2), labels: { a: null } }];
    await reader.refresh();
    store.answers.snapshotDelta = store.answers.snapshot = () => Promise.reject(new Error('no'));
    await expect(reader.refresh()).rejects.toThrow();
    clock.advance(2500);
    const samples = samplesOf(await pageOf(handler));
    const expected: Record<string, number> = {
      'series{family="state"}': 1,
      snapshot_age_seconds: 2.5,
      refresh_duration_seconds: 0,
      'refreshes_total{kind="delta",result="success"}': 1,
      'refreshes_total{kind="delta",result="failure"}': 0,
      'refreshes_total{kind="full",result="success"}': 2,
      'refreshes_total{kind="full",result="failure"}': 1,
      'refresh_fallbacks_total{reason="reset"}': 1,
      'refresh_fallbacks_total{reason="delta_failed"}': 1,
      'refresh_fallbacks_total{reason="invalid_delta"}': 0,
      'rejected_points_total{reason="not_a_point"}': 1,
      'rejected_points_total{reason="invalid_label_value"}': 1,
      family_metadata_faults: 2,
      'http_requests_total{code="200"}': 0,
      http_requests_in_flight: 1,
    };
    for (const [id, value] of Object.entries(expected)) {
      expect([id, samples.get(`snapscrape_${id}`)]).toEqual([id, value]);
    }
    for (const reason of REJECTION_REASONS) {
      expect(samples.has(`snapscrape_rejected_points_total{reason="${reason}"}`)).toBe(true);
    }
  });

  it('tell how long the latest refresh took', async () => {
    const { store, clock, reader, handler } = exporter();
    store.answers.snapshot = () => {
      clock.advance(1500);
      return [state(1)];
    };
    await reader.refresh();
    expect(samplesOf(await pageOf(handler)).get('snapscrape_refresh_duration_seconds')).toBe(1.5);
  });

  it('count requests for each handler alone', async () => {
    const { reader, handler } = exporter();
    const other = createOpenMetricsHandler(reader, { metricPrefix: 'other_' });
    for (let i = 0; i < 3; i++) await scrape(handler);
    await scrape(handler, {}, { method: 'POST' });
    const counted = samplesOf(await pageOf(handler));
    expect(counted.get('snapscrape_http_requests_total{code="200"}')).toBe(3);
    expect(counted.get('snapscrape_http_requests_total{code="405"}')).toBe(1);
    const otherPage = await pageOf(other);
    expect(otherPage).not.toContain('snapscrape_');
    expect(samplesOf(otherPage).get('other_http_requests_total{code="200"}')).toBe(0);
  });

  it('leave out what only a cache can tell where there is none', async () => {
    const page = await pageOf(createOpenMetricsHandler(new ScriptedStore()));
    const names = new Set([...samplesOf(page).keys()].map((id) => id.split('{')[0]));
    expect([...names]).toEqual([
      'state',
      'snapscrape_series',
      'snapscrape_rejected_points_total',
      'snapscrape_scrape_errors_total',
      'snapscrape_http_requests_total',
      'snapscrape_http_requests_in_flight',
    ]);
  });
});

describe('the metrics of several readers in one handler', () => {
  it('are there for each cached one, under its name', async () => {
    const clock = new Clock();
    const config = { now: clock.now, refreshInterval: 1e9 };
    const [one, two, bad] = [new ScriptedStore(), new ScriptedStore(), new ScriptedStore()];
    two.answers.snapshot = () => [state(1), { ...state(1), name: 'b' }].slice(1);
    bad.answers.snapshot = () => Promise.reject(new Error('no'));
    const reader = mergeReaders([
      { name: 'one', reader: createCachedSnapshotReader(one, config) },
      { name: 'two', reader: createCachedSnapshotReader(two, config) },
      { name: 'bad', reader: bad },
    ]);
    const handler = createOpenMetricsHandler(reader);
    await pageOf(handler);
    clock.advance(1500);
    for (const syntax of SYNTAXES) {
      const page = await pageOf(handler, syntax);
      const samples = samplesOf(page);
      const expected: Record<string, number | undefined> = {
        'reader_up{reader="one"}': 1,
        'reader_up{reader="two"}': 1,
        'reader_up{reader="bad"}': 0,
        'reader_series{reader="one"}': 1,
        // Nothing is known of what a reader without a cache holds.
        'reader_series{reader="bad"}': undefined,
        'snapshot_age_seconds{reader="two"}': 1.5,
        snapshot_age_seconds: undefined,
        'refreshes_total{reader="one",kind="full",result="success"}': 1,
        'refresh_fallbacks_total{reader="two",reason="reset"}': 0,
        'family_metadata_faults{reader="one"}': 0,
        'rejected_points_total{reason="duplicate"}': 0,
        'scrape_errors_total{during="refresh"}': syntax === 'text' ? 2 : 3,
      };
      for (const [id, value] of Object.entries(expected)) {
        expect([id, samples.get(`snapscrape_${id}`)]).toEqual([id, value]);
      }
      const types = [...page.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
      expect(new Set(types).size).toBe(types.length);
    }
  });
});

describe('a source with families of the same names', () => {
  const points: Answer = () =>
    ['snapscrape_series', 'snapscrape_refreshes_total', 'snapscrape_http_requests'].map((name) => ({
      ...state(5),
      name,
    }));

  it('hides none of the exporter, and each family stands on the page once', async () => {
    const { store, handler } = exporter();
    store.answers.snapshot = points;
    for (const syntax of SYNTAXES) {
      const page = await pageOf(handler, syntax);
      expect(page).toContain('\nsnapscrape_series{');
      expect(page).not.toContain('snapscrape_series 5\n');
      expect(page).toMatch(/^snapscrape_refreshes(_total)?\{/m);
      expect(page).toContain('snapscrape_left_out_families 2\n');
      const types = [...page.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
      expect(new Set(types).size).toBe(types.length);
    }
    // OpenMetrics would read both as one family.
    const page = await pageOf(handler, 'openmetrics');
    expect(page).toContain('# TYPE snapscrape_http_requests gauge\n');
    expect(page).toContain('\n# TYPE snapscrape_http_requests_total unknown\n');
  });
});

describe('a page without self metrics', () => {
  it('is the same bytes as long as nothing changes', async () => {
    const reader: CachedSnapshotReader = createCachedSnapshotReader(new ScriptedStore());
    const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
    for (let i = 0; i < 3; i++) expect(await pageOf(handler)).toBe(statePage(1));
  });
});
