import { describe, expect, it } from 'vitest';
import { seriesHash } from './series-hash.ts';
import { isOfShard, parseShard } from './shard.ts';

function hashOf(id: string): number {
  return seriesHash(Buffer.from(id));
}

describe('the hash of a series', () => {
  // Worked out in another language; they must never change, or a series would leave its shard.
  it.each([
    ['', 2_872_998_923],
    ['up', 2_507_347_484],
    ['a{b="c"}', 741_714_460],
    ['gh_activity_commits_24h{org="a",repo="b",user="c"}', 3_072_058_999],
    ['m{l="ü\u{1f600}"}', 1_269_074_747],
  ])('of %j is what it always was', (id, hash) => {
    expect(hashOf(id)).toBe(hash);
  });

  it('is of the given bytes alone', () => {
    expect(seriesHash(Buffer.from('xxupyy'), 2, 4)).toBe(hashOf('up'));
  });

  it.each([2, 3, 4, 7, 16, 64, 1000, 1024])('is even over %i shards', (of) => {
    const counts = new Array<number>(of).fill(0);
    const series = of * 500;
    for (let i = 0; i < series; i++) counts[hashOf(`m{i="${i}",org="org-${i % 7}"}`) % of]!++;
    // Six standard deviations of a fair draw.
    const spread = 6 * Math.sqrt(500);
    expect(Math.min(...counts)).toBeGreaterThan(500 - spread);
    expect(Math.max(...counts)).toBeLessThan(500 + spread);
  });
});

describe('a shard', () => {
  it('is one of some, and a series belongs to exactly one', () => {
    expect(parseShard('2/4')).toEqual({ index: 2, of: 4 });
    expect(parseShard('1024/1024')).toEqual({ index: 1024, of: 1024 });
    for (const hash of [0, 1, 5, 2 ** 32 - 1]) {
      const shards = [1, 2, 3].filter((index) => isOfShard(hash, { index, of: 3 }));
      expect(shards).toEqual([(hash % 3) + 1]);
    }
  });

  it.each([
    '0/4',
    '5/4',
    '1/0',
    '1',
    '1/',
    '/4',
    '1/1025',
    '01/4',
    '1/4 ',
    '-1/4',
    '1.0/4',
    '١/٤',
    'a',
    '1/4/2',
  ])('%j is none', (text) => {
    expect(() => parseShard(text)).toThrow(
      expect.objectContaining({
        code: 'invalid_selector',
        message: expect.stringContaining(JSON.stringify(text)),
      }),
    );
  });
});
