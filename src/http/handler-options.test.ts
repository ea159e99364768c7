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
    const told = documentedDefaults(
      new URL('./handler-options.ts', import.meta.url),
      'HandlerOptions',
    );
    const defaults = Object.entries(HANDLER_DEFAULTS);
    expect([...told]).toEqual(defaults.map(([field, value]) => [field, asDocumented(value)]));
    expect(Object.isFrozen(HANDLER_DEFAULTS)).toBe(true);
    expect(checkHandlerOptions(undefined)).toEqual(HANDLER_DEFAULTS);
    expect(checkHandlerOptions({ gzipLevel: undefined })).toEqual(HANDLER_DEFAULTS);
  });

  it('are checked all at once, each fault with its value and the remedy', () => {
    const given = {
      selfMetrics: 'yes',
      metricPrefix: '1_',
      gzipLevel: 0,
      scrapeTimeout: Number.NaN,
      scrapeTimeoutMargin: -1,
      prefix: 'a_',
    };
    const make = (): unknown =>
      createOpenMetricsHandler(reader, given as unknown as HandlerOptions);
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_options' }));
    for (const fault of [
      'createOpenMetricsHandler: ',
      'selfMetrics ("yes") must be true or false',
      'metricPrefix ("1_") must be the beginning of a legal metric name, such as my_exporter_',
      'gzipLevel (0) must be a whole number of level from 1 to 9',
      'scrapeTimeout (NaN) must be a number of ms from 1 to 2147483647',
      'scrapeTimeoutMargin (-1) must be a number of ms from 0 to 60000',
      'prefix ("a_") is no option; the options are selfMetrics, metricPrefix, gzipLevel',
    ]) {
      expect(make).toThrow(fault);
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
