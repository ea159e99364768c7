import { describe, expect, it } from 'vitest';
import { bareHandler, pageOf } from '../../test/support/page.ts';
import { Gate, state, statePage } from '../../test/support/scripted-source.ts';
import { turns } from '../../test/support/until.ts';
import type { Entries, Payload } from '../model/entries.ts';
import type { SnapscrapeError } from '../model/errors.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import { seriesId } from '../model/series-id.ts';
import { NoDelta, type ReadPart, SourceReader } from '../model/source-read.ts';
import { type CachedSnapshotReader, createCachedSnapshotReader } from './cached-reader.ts';

/** A source that has the inner contract itself. Its public methods must not be asked. */
class OwnSource extends SourceReader {
  value = 1;
  readonly reads: (string | undefined)[] = [];
  parts: (since: string | undefined) => Iterable<ReadPart> = (since) => this.#usual(since);

  snapshot(): never {
    throw new Error('never asked');
  }

  override async *read(since: string | undefined): AsyncGenerator<ReadPart> {
    this.reads.push(since);
    yield* this.parts(since);
  }

  *#usual(since: string | undefined): Generator<ReadPart> {
    yield { kind: 'families', items: [] };
    if (since === undefined) yield { kind: 'points', items: [state(this.value)] };
    else yield { kind: 'events', items: [{ point: state(this.value) }] };
    yield { kind: 'end', resume: `at-${this.value}`, state: `at-${this.value}` };
  }
}

describe('a source with a read of its own', () => {
  it('is read fully once, and then from where it was', async () => {
    const source = new OwnSource();
    const reader = createCachedSnapshotReader(source);
    for (source.value = 1; source.value <= 3; source.value++) {
      await reader.refresh();
      expect(await pageOf(bareHandler(reader))).toBe(statePage(source.value));
    }
    expect(source.reads).toEqual([undefined, 'at-1', 'at-2']);
    expect(reader.cacheStats()).toMatchObject({ deltas: 2, fullRefreshes: 1, fallbacks: 0 });
  });

  it('is read fully in the same refresh if it gives no delta, and nothing staged is left', async () => {
    const source = new OwnSource();
    const reader = createCachedSnapshotReader(source, { onError: () => undefined });
    await reader.refresh();
    const usual = source.parts;
    source.parts = function* (since) {
      if (since === undefined) return yield* usual(since);
      yield { kind: 'events', items: [{ point: { ...state(9), name: 'staged' } }] };
      throw new NoDelta('reset');
    };
    source.value = 2;
    await reader.refresh();
    expect(source.reads).toEqual([undefined, 'at-1', undefined]);
    expect(await pageOf(bareHandler(reader))).toBe(statePage(2));
    expect(reader.cacheStats().fallbacksByReason.reset).toBe(1);
  });

  it('fails the refresh if it refuses even a read that no other one goes on from', async () => {
    const source = new OwnSource();
    source.parts = () => {
      throw new NoDelta('cursor_failed');
    };
    const reader = createCachedSnapshotReader(source, { onError: () => undefined });
    await expect(reader.refresh()).rejects.toMatchObject({ code: 'refresh_failed' });
    expect(source.reads).toHaveLength(2);
  });

  it('is not heard after the end of the refresh', async () => {
    const writes = new Gate();
    const source = new OwnSource();
    source.parts = () => [
      { kind: 'points', items: [state(1)] },
      { kind: 'lastWrites', items: writes.promise },
    ];
    const codes: string[] = [];
    const onError = ({ code }: SnapscrapeError): void => void codes.push(code);
    const reader = createCachedSnapshotReader(source, { onError, sliceBudget: 1000 });
    const refresh = reader.refresh();
    await turns(1);
    reader.close();
    await expect(refresh).rejects.toMatchObject({ code: 'closed' });
    writes.fail(new Error('too late'));
    await turns();
    expect(codes).toEqual(['closed']);
  });

  it('is read fully the next time if it told no end', async () => {
    const source = new OwnSource();
    source.parts = () => [{ kind: 'points', items: [state(source.value)] }];
    const reader = createCachedSnapshotReader(source);
    for (let i = 0; i < 2; i++) await reader.refresh();
    expect(source.reads).toEqual([undefined, undefined]);
    expect(reader.cacheStats()).toMatchObject({ cursor: undefined, fallbacks: 0 });
  });
});

describe('a source that gives entries', () => {
  const page: Entries = {
    keys: ['a{l="1"}', 'a{l="2"}', 'a_total', 'b', 'b{l="1"}'],
    payloads: [1, 2, 3, 4, 5],
    times: [1, 2, 3, 4, 5],
  };

  async function* slowly(pages: Iterable<Entries>): AsyncGenerator<Entries> {
    for (const one of pages) {
      await turns(1);
      yield one;
    }
  }

  /** A full read of the page, then a delta of others; at once, or with time between pages. */
  function sourceOf(delta: readonly Entries[], isSlow: boolean): OwnSource {
    const source = new OwnSource();
    source.parts = (since) => {
      const pages = since === undefined ? [page] : delta;
      return [
        { kind: 'families', items: [{ name: 'a_total', type: 'counter' }] },
        { kind: 'entries', items: isSlow ? slowly(pages) : pages },
        { kind: 'end', resume: since === undefined ? '1' : '2', state: undefined },
      ];
    };
    return source;
  }

  it.each([true, false])('is read without points, slowly: %s', async (isSlow) => {
    const source = sourceOf(
      [
        { keys: ['b', 'a{l="3"}'], payloads: [undefined, 7], times: [0, 8] },
        { keys: ['a{l="1"}', 'c'], payloads: [1, 1.5], times: [9, 9] },
      ],
      isSlow,
    );
    const reader = createCachedSnapshotReader(source, { sliceBudget: 1 });
    await reader.refresh();
    const state = async (): Promise<unknown[]> =>
      Array.from(await reader.snapshot(), (point) => [
        seriesId(point),
        point.value,
        point.updatedAt,
      ]);
    expect(await state()).toEqual(page.keys.map((key, i) => [key, i + 1, i + 1]));
    await reader.refresh();
    expect(await state()).toEqual([
      ['a{l="1"}', 1, 9],
      ['a{l="2"}', 2, 2],
      ['a{l="3"}', 7, 8],
      ['a_total', 3, 3],
      ['b{l="1"}', 5, 5],
      ['c', 1.5, 9],
    ]);
    expect(reader.cacheStats()).toMatchObject({ deltas: 1, fullRefreshes: 1 });
  });

  it('has those left out that the type or the cache forbids, in a delta as in a full read', async () => {
    const long = `b{l="${'é'.repeat(100)}"}`;
    const source = sourceOf(
      [{ keys: ['a_total', long, 'b'], payloads: [-1, 1, 2], times: [4, 4, 4] }],
      false,
    );
    const reader = createCachedSnapshotReader(source, { maxSeriesBytes: 200 });
    for (let i = 0; i < 2; i++) await reader.refresh();
    const points = Array.from(await reader.snapshot(), (point) => [seriesId(point), point.value]);
    expect(points).toEqual([
      ['a{l="1"}', 1],
      ['a{l="2"}', 2],
      ['b', 2],
      ['b{l="1"}', 5],
    ]);
    const { rejected, lastRejected } = reader.cacheStats();
    expect(rejected).toMatchObject({ invalid_counter_value: 1, series_too_long: 1 });
    expect(lastRejected.map(({ subject }) => subject)).toEqual(['a_total', long]);
  });
});

describe('the type of a family', () => {
  const histogram = '{count:1,sum:1,bucket:[+Inf:1]}';
  const summary = '{count:1,sum:1,quantile:[]}';

  /** A source of some series, all of which a delta gives again. */
  class TypedSource extends OwnSource {
    declared: readonly FamilyMetadata[] = [];
    series: Readonly<Record<string, Payload>> = {};

    override parts = (since: string | undefined): Iterable<ReadPart> => {
      const keys = since === undefined || this.isTold ? Object.keys(this.series) : [];
      const page = {
        keys,
        payloads: keys.map((key) => this.series[key]),
        times: keys.map(() => 1),
      };
      return [
        { kind: 'families', items: this.declared },
        { kind: 'entries', items: [page] },
        { kind: 'end', resume: 'x', state: undefined },
      ];
    };

    /** Whether a delta has the series. */
    isTold = false;
  }

  async function refreshed(reader: CachedSnapshotReader): Promise<unknown> {
    const before = reader.cacheStats().fallbacksByReason.family_type_changed;
    await reader.refresh();
    const names = Array.from(await reader.snapshot(), ({ name }) => name);
    const { family_type_changed: after } = reader.cacheStats().fallbacksByReason;
    return { names, isReadFully: after > before };
  }

  it('leads to a full read if it changes, also of a family that had no sound point', async () => {
    const source = new TypedSource();
    source.series = { a: 1, h: histogram, s: summary };
    const reader = createCachedSnapshotReader(source, { onError: () => undefined });
    expect(await refreshed(reader)).toEqual({ names: ['a'], isReadFully: false });
    expect(reader.cacheStats().rejected.type_mismatch).toBe(2);
    source.declared = [{ name: 'h', type: 'histogram' }];
    expect(await refreshed(reader)).toEqual({ names: ['a', 'h'], isReadFully: true });
    source.declared = [...source.declared, { name: 'new', type: 'summary' }];
    expect(await refreshed(reader)).toEqual({ names: ['a', 'h'], isReadFully: false });
    source.declared = [{ name: 'a', type: 'unknown' }];
    expect(await refreshed(reader)).toEqual({ names: ['a'], isReadFully: true });
    // What a delta had to leave out counts as well.
    source.series = { ...source.series, t: summary };
    source.isTold = true;
    expect(await refreshed(reader)).toEqual({ names: ['a'], isReadFully: false });
    source.isTold = false;
    source.declared = [...source.declared, { name: 't', type: 'summary' }];
    expect(await refreshed(reader)).toEqual({ names: ['a', 't'], isReadFully: true });
  });

  it('leads to a full read for any family if too many had none', async () => {
    const source = new TypedSource();
    source.series = Object.fromEntries(Array.from({ length: 1002 }, (_, i) => [`h${i}`, summary]));
    const reader = createCachedSnapshotReader(source, { onError: () => undefined });
    await reader.refresh();
    source.declared = [{ name: 'h1000', type: 'summary' }];
    expect(await refreshed(reader)).toEqual({ names: ['h1000'], isReadFully: true });
    source.declared = [...source.declared, { name: 'new', type: 'summary' }];
    expect(await refreshed(reader)).toEqual({ names: ['h1000'], isReadFully: true });
  });
});

describe('numbers of series', () => {
  it('are not mixed up with the positions of a delta without numbers', async () => {
    const layout = {};
    const page = (values: Readonly<Record<string, number>>, slots?: readonly number[]) => {
      const [keys, payloads] = [Object.keys(values), Object.values(values)];
      const plain = { keys, payloads, times: keys.map(() => 1) };
      return slots === undefined ? plain : { ...plain, layout, slots: Uint32Array.from(slots) };
    };
    const source = new OwnSource();
    let next = page({ a: 1, b: 2, c: 3 }, [0, 1, 2]);
    source.parts = () => [
      { kind: 'families', items: [] },
      { kind: 'entries', items: [next] },
      { kind: 'end', resume: 'x', state: undefined },
    ];
    const reader = createCachedSnapshotReader(source);
    await reader.refresh();
    for (next of [page({ c: 30 }), page({ a: 10 }, [0])]) await reader.refresh();
    const values = Array.from(await reader.snapshot(), ({ name, value }) => [name, value]);
    expect(values).toEqual([
      ['a', 10],
      ['b', 2],
      ['c', 30],
    ]);
  });
});
