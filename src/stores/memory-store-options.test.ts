import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MemoryStore } from './memory-store.ts';
import {
  checkMemoryStoreOptions,
  MEMORY_STORE_DEFAULTS,
  type MemoryStoreOptions,
} from './memory-store-options.ts';

const source = readFileSync(new URL('./memory-store-options.ts', import.meta.url), 'utf8');

/** The text of an option's doc comment, on one line. */
function docOf(option: string): string {
  const end = source.indexOf(`  readonly ${option}?:`);
  const start = source.lastIndexOf('/**', end);
  return source.slice(start, end).replace(/\s*\n\s*\* ?/g, ' ');
}

describe('the options of MemoryStore', () => {
  it('reports every fault at once, each with the remedy', () => {
    const given = {
      retention: 0,
      retentionByFamily: { '': 5, ok: Number.NaN, up: Number.POSITIVE_INFINITY },
      sweepInterval: 2 ** 31,
      maxSeries: 1.5,
      maxSeriesBytes: '9',
      changeLogSize: 0,
      deltaBatchSize: Number.POSITIVE_INFINITY,
      now: 12,
      maxSerie: 3,
    };
    const faults = [
      'retention (0) must be a number of milliseconds from 1',
      'under "" must be a legal metric name',
      'under "ok" must be a number of milliseconds',
      `sweepInterval (2147483648) must be`,
      'maxSeries (1.5) must be a whole number',
      'maxSeriesBytes ("9") must be',
      'changeLogSize (0) must be a whole number of changes from 1',
      'deltaBatchSize (Infinity) must be',
      'now (12) must be a function',
      'unknown option "maxSerie"',
    ];
    expect(() => new MemoryStore(given as unknown as MemoryStoreOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    );
    for (const fault of faults) expect(() => checkMemoryStoreOptions(given)).toThrow(fault);
    expect(() => checkMemoryStoreOptions(given)).not.toThrow('"up"');
  });

  it.each([null, 'x', 7, [], [1]])('refuses %j in place of the options', (given) => {
    expect(() => checkMemoryStoreOptions(given)).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    );
  });

  it.each([null, [], new Map(), 'x', 3])('refuses %j as retentionByFamily', (given) => {
    expect(() => checkMemoryStoreOptions({ retentionByFamily: given })).toThrow(
      'retentionByFamily',
    );
  });

  it('takes absent and undefined options as their defaults', () => {
    expect(checkMemoryStoreOptions(undefined)).toEqual(MEMORY_STORE_DEFAULTS);
    expect(checkMemoryStoreOptions({ retention: undefined })).toEqual(MEMORY_STORE_DEFAULTS);
    expect(Object.isFrozen(MEMORY_STORE_DEFAULTS)).toBe(true);
  });

  it('documents the defaults that it has', () => {
    const documented: Record<keyof MemoryStoreOptions, string> = {
      retention: 'Default: `Infinity`',
      retentionByFamily: 'Default: none.',
      sweepInterval: 'Default: the shortest retention, but from 1 000 to 60 000.',
      maxSeries: 'Default: `Infinity`.',
      maxSeriesBytes: 'Default: 65 536.',
      changeLogSize: 'Default: 262 144.',
      deltaBatchSize: 'Default: 10 000.',
      writer: 'Default: none;',
      now: 'Default: `Date.now`.',
      onError: 'Default: a line on standard error, repeated ones once a minute;',
    };
    for (const [option, text] of Object.entries(documented)) {
      expect(docOf(option)).toContain(text);
      const value = MEMORY_STORE_DEFAULTS[option as keyof MemoryStoreOptions];
      const digits = /Default: `?([\d ]+\d|Infinity)/.exec(text)?.[1]?.replaceAll(' ', '');
      if (digits !== undefined) expect(value).toBe(Number(digits));
    }
    expect(Object.keys(documented)).toEqual(Object.keys(MEMORY_STORE_DEFAULTS));
    expect(Math.abs(MEMORY_STORE_DEFAULTS.now() - Date.now())).toBeLessThan(1000);
  });
});
