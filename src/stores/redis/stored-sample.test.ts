import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seriesId } from '../../model/series-id.ts';
import { trustedSeriesId } from '../../model/trusted-point.ts';
import { hostileLabels } from '../../testing/hostile-labels.ts';
import { formatSample, SampleReader } from './stored-sample.ts';

const value = fc.double();
const time = fc.double({ noNaN: true, noDefaultInfinity: true });

describe('a stored sample', () => {
  it('has the doubles that were written, to the last bit', () => {
    const reader = new SampleReader();
    fc.assert(
      fc.property(value, time, (written, updatedAt) => {
        const point = reader.sample('a', formatSample(written, updatedAt))!;
        expect(point.value).toBe(written);
        expect(point.updatedAt).toBe(updatedAt);
      }),
    );
  });

  it('is the point that was written, whatever the one before it was', () => {
    const names = fc.constantFrom('a', 'ab', 'b:c');
    const labels = fc.oneof(
      fc.constantFrom(...hostileLabels().map(withoutEmpty)),
      fc.dictionary(
        fc.constantFrom('a', 'b', 'x', 'y', 'z'),
        fc.string({ unit: 'binary', minLength: 1 }),
      ),
    );
    const points = fc.array(fc.record({ name: names, labels, value, updatedAt: time }));
    fc.assert(
      fc.property(points, (written) => {
        const reader = new SampleReader();
        for (const point of written.filter(({ labels }) => isWhole(labels))) {
          const id = seriesId(point);
          const text = formatSample(point.value, point.updatedAt);
          const read = reader.sample(id, text)!;
          expect({ ...read, labels: { ...read.labels } }).toEqual({
            ...point,
            labels: { ...point.labels },
          });
          expect(Object.keys(read.labels).length).toBe(Object.keys(point.labels).length);
          expect(trustedSeriesId(read)).toBe(id);
        }
      }),
    );
  });

  it('keeps a label called __proto__ as a label', () => {
    const reader = new SampleReader();
    for (const id of ['a{__proto__="p",b="1"}', 'a{__proto__="q",b="2"}']) {
      const { labels } = reader.sample(id, '1 1')!;
      expect(Object.keys(labels)).toEqual(['__proto__', 'b']);
      expect(seriesId({ name: 'a', labels })).toBe(id);
    }
  });
});

function withoutEmpty(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([, text]) => text !== ''));
}

function isWhole(labels: Record<string, string>): boolean {
  return Object.values(labels).every((text) => text.isWellFormed());
}
