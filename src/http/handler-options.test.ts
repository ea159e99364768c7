import { describe, expect, it } from 'vitest';
import { asDocumented, documentedDefaults } from '../../test/support/documented-defaults.ts';
import { createOpenMetricsHandler } from './handler.ts';
import {
  checkHandlerOptions,
  HANDLER_DEFAULTS,
  type HandlerOptions,
  scrapeDeadline,
} from './handler-options.ts';

const reader = { snapshot: () => [] };

describe('the options of a handler', () => {
  it('have the defaults that their comments say, in a frozen constant', () => {
    const reported = documentedDefaults(
      new URL('./handler-options.ts', import.meta.url),
      'HandlerOptions',
    );
    const inWords: Partial<Record<keyof HandlerOptions, string>> = {
      names: 'all',
      prefixes: 'all',
      match: 'all',
      shard: 'all',
      onError: 'a line on standard error',
    };
    const expected = Object.entries(HANDLER_DEFAULTS).map(([field, value]) => [
      field,
      inWords[field as keyof HandlerOptions] ?? asDocumented(value),
    ]);
    expect([...reported]).toEqual(expected);
    expect(Object.isFrozen(HANDLER_DEFAULTS)).toBe(true);
    expect(checkHandlerOptions(undefined)).toEqual(HANDLER_DEFAULTS);
    expect(checkHandlerOptions({ gzipLevel: undefined })).toEqual(HANDLER_DEFAULTS);
  });

  it('are checked all at once, each error with its value and the remedy', () => {
    const given = {
      selfMetrics: 'yes',
      metricPrefix: '1_',
      gzipLevel: 0,
      scrapeTimeout: Number.NaN,
      scrapeTimeoutMargin: -1,
      errorPolicy: 'panic',
      maxRequestsInFlight: 1.5,
      compressions: ['gzip', 'br'],
      processStartTime: new Date(Number.NaN),
      names: [],
      match: '{a=}',
      shard: '5/4',
      subsets: 1,
      onError: 'log',
      prefix: 'a_',
    };
    const make = (): unknown =>
      createOpenMetricsHandler(reader, given as unknown as HandlerOptions);
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_options' }));
    for (const error of [
      'createOpenMetricsHandler: ',
      'selfMetrics ("yes") must be true, false or \'always\'',
      'metricPrefix ("1_") must be the beginning of a legal metric name, such as my_exporter_',
      'gzipLevel (0) must be a whole number of level from 1 to 9',
      'scrapeTimeout (NaN) must be a number of ms from 1 to 2147483647',
      'scrapeTimeoutMargin (-1) must be a number of ms from 0 to 60000',
      "errorPolicy (\"panic\") must be one of 'last-good', 'fail', 'continue'",
      'maxRequestsInFlight (1.5) must be a whole number of requests from 0 to 1000000',
      'compressions (object) must be an array of zstd, gzip, identity, once each',
      'processStartTime (object) must be true, false, a Date or Unix milliseconds',
      'names (object) must be 1 to 1024 texts',
      'match ("{a=}") is wrong: The selector is wrong at column 4',
      'shard ("5/4") is wrong: "5/4" is not a shard',
      'subsets (1) must be true or false',
      'onError ("log") must be a function',
      'unknown option "prefix"; the options are selfMetrics, metricPrefix, errorPolicy',
    ]) {
      expect(make).toThrow(error);
    }
  });

  it.each([null, 5, 'x', []])('cannot be %j', (options) => {
    expect(() => createOpenMetricsHandler(reader, options as unknown as HandlerOptions)).toThrow(
      'options must be an object',
    );
  });

  it.each([null, undefined, 5, {}, { snapshot: [] }])('need a reader, not %j', (given) => {
    expect(() => createOpenMetricsHandler(given as unknown as typeof reader)).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    );
  });
});

describe('the deadline of a scrape', () => {
  const options = { ...HANDLER_DEFAULTS, scrapeTimeout: 8000, scrapeTimeoutMargin: 500 };

  it.each([
    [undefined, 7500],
    ['', 7500],
    ['abc', 7500],
    ['-5', 7500],
    ['0', 7500],
    ['Infinity', 7500],
    ['10', 9500],
    ['10.000', 9500],
    ['2.5', 2000],
    // At most half of the time is kept back.
    ['0.6', 300],
    ['0.000001', 0.0005],
    // Longer than a timer can wait.
    ['1e9', 2_147_483_147],
  ])('for the header %j is %d ms', (header, ms) => {
    expect(scrapeDeadline(header, options)).toBeCloseTo(ms, 6);
  });
});
