import { describe, expect, it } from 'vitest';
import { asDocumented, documentedDefaults } from '../../test/support/documented-defaults.ts';
import { CACHE_DEFAULTS, type CacheConfig, checkCacheConfig } from './cache-config.ts';
import { createCachedSnapshotReader } from './cached-reader.ts';

const source = { snapshot: () => [] };

describe('the configuration of a cached reader', () => {
  it('has the defaults that its comments say, in a frozen constant', () => {
    const told = documentedDefaults(new URL('./cache-config.ts', import.meta.url), 'CacheConfig');
    const inWords: Partial<Record<keyof CacheConfig, string>> = {
      maxStaleness: 'ten refresh intervals',
      families: 'none',
      now: '`Date.now`',
      onError: 'a line on standard error',
    };
    const expected = Object.entries(CACHE_DEFAULTS).map(([field, value]) => [
      field,
      inWords[field as keyof CacheConfig] ?? asDocumented(value),
    ]);
    expect([...told]).toEqual(expected);
    expect(Object.isFrozen(CACHE_DEFAULTS)).toBe(true);
    expect(CACHE_DEFAULTS.now).toBe(Date.now);
    expect(CACHE_DEFAULTS.families).toEqual([]);
  });

  it('has a clock that tells a time, whatever the one that was given does', () => {
    const broken = (): never => {
      throw new Error('no clock');
    };
    expect(checkCacheConfig({ now: () => 7 }).now()).toBe(7);
    for (const now of [broken, () => Number.NaN]) {
      expect(checkCacheConfig({ now }).now()).toBeGreaterThan(1_700_000_000_000);
    }
  });

  it('is filled in where it says nothing, and frozen', () => {
    // The clock is guarded, and so another function than the one that was given.
    const defaults = { ...CACHE_DEFAULTS, now: expect.any(Function) };
    expect(checkCacheConfig(undefined)).toEqual(defaults);
    expect(checkCacheConfig({ mode: undefined })).toEqual(defaults);
    expect(checkCacheConfig({ mode: 'full' })).toEqual({ ...defaults, mode: 'full' });
    expect(Object.isFrozen(checkCacheConfig({}))).toBe(true);
  });

  it.each([
    [{}, 300_000],
    [{ refreshInterval: 1000 }, 300_000],
    [{ refreshInterval: 60_000 }, 600_000],
    [{ refreshInterval: 60_000, maxStaleness: undefined }, 600_000],
    [{ refreshInterval: 60_000, maxStaleness: 0 }, 0],
    [{ maxStaleness: Number.POSITIVE_INFINITY }, Number.POSITIVE_INFINITY],
  ])('%j bounds staleness at %d ms', (config, maxStaleness) => {
    expect(checkCacheConfig(config).maxStaleness).toBe(maxStaleness);
  });

  it('is checked all at once, each fault with its value and the remedy', () => {
    const given = {
      mode: 'delta',
      refreshInterval: -1,
      background: 1,
      refreshTimeout: 0,
      maxStaleness: Number.NaN,
      fullRefreshInterval: '1h',
      families: new Map(),
      maxSeriesBytes: 100.5,
      sliceBudget: Infinity,
      now: Date,
      onError: {},
      interval: 5n,
      __proto_: Symbol('x'),
    };
    const make = (): unknown => createCachedSnapshotReader(source, given as unknown as CacheConfig);
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_options' }));
    for (const fault of [
      'createCachedSnapshotReader: ',
      "mode (\"delta\") must be one of 'full', 'incremental'",
      'refreshInterval (-1) must be a number of ms from 0 to 2147483647',
      'background (1) must be true or false',
      'refreshTimeout (0) must be a number of ms from 1 to 2147483647',
      'maxStaleness (NaN) must be a number of ms from 0 to Infinity',
      'fullRefreshInterval ("1h") must be a number of ms from 1 to Infinity',
      'families (object) must be an array of family metadata',
      'maxSeriesBytes (100.5) must be a whole number of bytes from 64 to 16777216',
      'sliceBudget (Infinity) must be a number of ms from 1 to 1000',
      'onError (object) must be a function',
      'unknown option "interval"; the options are mode, refreshInterval,',
      'unknown option "__proto_"',
    ]) {
      expect(make).toThrow(fault);
    }
    // A class can be told from a function only by calling it.
    expect(make).not.toThrow('now (');
  });

  it.each([null, 5, 'x', []])('cannot be %j', (config) => {
    const make = (): unknown =>
      createCachedSnapshotReader(source, config as unknown as CacheConfig);
    expect(make).toThrow('options must be an object');
  });

  it.each([null, undefined, 5, {}, { snapshot: [] }])('needs a source, not %j', (given) => {
    const make = (): unknown => createCachedSnapshotReader(given as unknown as typeof source);
    expect(make).toThrow('source must be a snapshot reader: an object with a snapshot() method');
  });

  it('is checked even where the source is cached already', () => {
    const reader = createCachedSnapshotReader(source);
    expect(() => createCachedSnapshotReader(reader, { refreshInterval: -1 })).toThrow('(-1)');
  });
});
