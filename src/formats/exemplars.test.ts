import fc from 'fast-check';
import { expect, it } from 'vitest';
import { threadCpu } from '../../test/support/thread-cpu.ts';
import { type CompositeText, type ExemplarText, readNumber } from '../model/value/index.ts';
import { exemplarsByBucket } from './exemplars.ts';

const histogram = (bounds: readonly number[]): CompositeText => ({
  kind: 'histogram',
  count: '1',
  sum: '1',
  pairs: [...bounds.map(String), '+Inf'].flatMap((bound) => [bound, '1']),
  native: undefined,
});

const exemplar = (value: string, at: number): ExemplarText => ({
  labels: '{}',
  value,
  timestamp: String(at),
});

const anyBounds = fc
  .uniqueArray(fc.integer({ min: -20, max: 20 }), { maxLength: 12 })
  .map((bounds) => bounds.sort((a, b) => a - b));
const anyValue = fc.oneof(
  fc.integer({ min: -25, max: 25 }).map(String),
  fc.constantFrom('NaN', '+Inf', '-Inf', '-0', '0.5'),
);

it('an exemplar belongs to the first bucket whose bound it does not exceed', () => {
  fc.assert(
    fc.property(anyBounds, anyValue, (bounds, text) => {
      const only = exemplar(text, 1);
      const value = readNumber(text)!;
      const first = bounds.findIndex((bound) => value <= bound);
      const expected = first < 0 ? bounds.length : first;
      expect([...exemplarsByBucket(histogram(bounds), [only])]).toEqual([[expected, only]]);
    }),
  );
});

it('many exemplars find their buckets among many, fast', () => {
  const bounds = Array.from({ length: 10_000 }, (_, i) => i);
  const exemplars = Array.from({ length: 100_000 }, (_, i) => exemplar(String(9990 + (i % 5)), i));
  const from = threadCpu();
  expect(exemplarsByBucket(histogram(bounds), exemplars).size).toBe(5);
  expect(threadCpu() - from).toBeLessThan(2000);
});
