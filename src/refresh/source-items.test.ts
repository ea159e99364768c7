import { describe, expect, it } from 'vitest';
import { Pace } from '../scheduling/pace.ts';
import { checkCursor, forEachItem, isBackwards } from './source-items.ts';

describe('a step backwards', () => {
  it.each([
    ['1', '2', true],
    ['2', '2', false],
    ['3', '2', false],
    ['9', '10', true],
    ['10', '9', false],
    ['log-9', 'log-10', true],
    ['log-0009', 'log-10', true],
    ['log-0010', 'log-10', false],
    ['log-00', 'log-0', false],
    // Far beyond what a number holds.
    ['1'.repeat(40), `2${'0'.repeat(39)}`, true],
    ['9'.repeat(39), '1'.repeat(40), true],
    // Nothing is certain of these.
    ['a-1', 'b-2', false],
    ['a', 'b', false],
    ['', '5', false],
    ['5', '', false],
    ['log-', 'log-5', false],
    ['5-a', '6-a', false],
    ['-5', '5', false],
    ['1.5', '1.10', true],
    ['٣', '٤', false],
  ])('is one: %j after %j: %s', (next, before, is) => {
    expect(isBackwards(next, before)).toBe(is);
  });
});

describe('a reply', () => {
  async function taken(reply: unknown, signal?: AbortSignal): Promise<unknown[]> {
    const items: unknown[] = [];
    await forEachItem('points', reply, new Pace(1000, signal), (item) => items.push(item));
    return items;
  }

  async function* later(...items: unknown[]): AsyncGenerator<unknown> {
    yield* items;
  }

  it.each<readonly [string, unknown]>([
    ['an array', [1, 2]],
    ['a set', new Set([1, 2])],
    ['a generator', [1, 2].values()],
    ['an async generator', later(1, 2)],
    ['a typed array', new Uint8Array([1, 2])],
    ['an async iterable of promises', later(Promise.resolve(1), 2)],
  ])('may be %s', async (_, reply) => {
    expect(await taken(reply)).toEqual([1, 2]);
  });

  it.each([null, undefined, 5, 'points', {}, true, Symbol('x')])('may not be %s', async (reply) => {
    await expect(taken(reply)).rejects.toMatchObject({
      code: 'invalid_source_reply',
      message: expect.stringContaining('points is'),
    });
  });

  it('ends with the error of its iterator, which is told to end where we stop', async () => {
    let isEnded = false;
    function* items(): Generator<number> {
      try {
        for (;;) yield 1;
      } finally {
        isEnded = true;
      }
    }
    const stop = forEachItem('points', items(), new Pace(1000), () => {
      throw new Error('stop');
    });
    await expect(stop).rejects.toThrow('stop');
    expect(isEnded).toBe(true);
  });

  it('counts for nothing once its reader has given up', async () => {
    const given = AbortSignal.abort(new Error('given up'));
    await expect(taken([1], given)).rejects.toThrow('given up');
    await expect(taken(later(1), given)).rejects.toThrow('given up');
  });

  it('has a cursor only where it is a string', () => {
    expect(checkCursor('cursor', '')).toBe('');
    for (const cursor of [5, null, undefined, {}, 5n]) {
      expect(() => checkCursor('cursor', cursor)).toThrow(
        expect.objectContaining({ code: 'invalid_source_reply' }),
      );
    }
  });
});
