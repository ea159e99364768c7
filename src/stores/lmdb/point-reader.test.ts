import { describe, expect, it } from 'vitest';
import { parseSeriesId, seriesId } from '../../model/series-id.ts';
import { trustedSeriesId } from '../../model/trusted-point.ts';
import { hostileLabels } from '../../testing/hostile-labels.ts';
import { PointReader } from './point-reader.ts';

describe('points read from ids', () => {
  const plain = [
    'a{x="1",y="2"}',
    'a{x="3",y="4"}', // The same shape.
    'a{x="3"}', // One label fewer,
    'a{x="3",y="4",z="5"}', // and one more.
    'a{x="3",z="4"}',
    'ab{x="3",z="4"}',
    'a',
    'b',
    'a{x="3",y="4"}',
    'a{x="\\"",y="4"}', // What was escaped ends in a quote that ends nothing.
    'a{x="3",y="\\\\"}',
    'a{x="}",y=",z="}',
    'a{__proto__="p",y="4"}',
    'a{__proto__="q",y="4"}',
  ];
  const hostile = hostileLabels().map((labels) => seriesId({ name: 'a', labels }));

  it.each([
    ['as they come', [...plain, ...hostile]],
    ['in order', [...plain, ...hostile].sort()],
    ['each twice', [...plain, ...hostile].flatMap((id) => [id, id])],
  ])('are those of the ids, %s', (_, ids) => {
    const reader = new PointReader();
    for (const id of ids) {
      const point = reader.point(id, 1.5, 7)!;
      const { name, labels } = parseSeriesId(id);
      expect(point).toEqual({ name, labels, value: 1.5, updatedAt: 7 });
      expect(Object.entries(point.labels)).toEqual(Object.entries(labels));
      expect(trustedSeriesId(point)).toBe(id);
      expect(Object.isFrozen(point) && Object.isFrozen(point.labels)).toBe(true);
    }
  });
});
