import { describe, expect, it } from 'vitest';
import { bucketOf, hashOf, Keys, partitionOf, readLayout } from './layout.ts';

const LAYOUT = { schema: 2, partitions: 16, buckets: 64 };

describe('where a series is', () => {
  it('never changes from version to version', () => {
    // Another answer would need another schema: data sets are in use with this one.
    expect(['', 'a', 'up{job="é"}', 'x'.repeat(1000)].map(hashOf)).toMatchInlineSnapshot(`
      [
        2872998923,
        444641715,
        3686216583,
        1841099346,
      ]
    `);
  });

  it('is even over partitions and buckets for ids that are much alike', () => {
    const counts = new Map<string, number>();
    const total = 200_000;
    for (let i = 0; i < total; i++) {
      const hash = hashOf(`gh_activity_commits_24h{org="a",repo="b",user="user-${i}"}`);
      const place = `${partitionOf(hash, LAYOUT)}/${bucketOf(hash, LAYOUT)}`;
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    expect(counts.size).toBe(16 * 64);
    const expected = total / counts.size;
    expect(Math.max(...counts.values())).toBeLessThan(1.5 * expected);
    expect(Math.min(...counts.values())).toBeGreaterThan(0.5 * expected);
  });

  it('is under keys that begin with the prefix and share a slot within a partition', () => {
    const keys = new Keys('mine:');
    const { state, log, marks, bucket } = keys.partition(3);
    expect([state, log, marks, bucket(17)]).toEqual([
      'mine:{3}:state',
      'mine:{3}:log',
      'mine:{3}:marks',
      'mine:{3}:17',
    ]);
    expect([keys.meta, keys.families]).toEqual(['mine:{meta}', 'mine:{meta}:families']);
  });
});

describe('a layout', () => {
  it('is refused where it is newer, and where it is none', () => {
    expect(readLayout('2', '16', '64')).toEqual(LAYOUT);
    expect(readLayout('1', '16', '64')).toEqual({ ...LAYOUT, schema: 1 });
    expect(() => readLayout('3', '16', '64')).toThrow(/upgrade/);
    expect(() => readLayout('1', '', '64')).toThrow(/keyPrefix/);
    expect(() => readLayout('0', '16', '64')).toThrow(/keyPrefix/);
  });
});
