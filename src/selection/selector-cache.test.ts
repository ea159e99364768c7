import { describe, expect, it } from 'vitest';
import { turns } from '../../test/support/until.ts';
import { ChunkBuilder } from '../cache/chunk-builder.ts';
import { familyOf, type Snapshot, snapshotOf } from '../cache/snapshot.ts';
import { noWork } from '../cache/work.ts';
import type { Selection } from './selection.ts';
import { selectionOf } from './selection-query.ts';
import { SelectorCache } from './selector-cache.ts';
import { Turns } from './turns.ts';

function snapshotWith(series: number, padding = 0): Snapshot {
  const builder = new ChunkBuilder(noWork());
  for (let i = 0; i < series; i++) {
    const id = `a{i="${String(i).padStart(7, '0')}",pad="${'p'.repeat(padding)}"}`;
    builder.addLine(id, i, 1, true);
  }
  return snapshotOf([familyOf('a', undefined, builder.finish())], []);
}

function queried(query: string): Selection {
  return selectionOf(query)!;
}

describe('a cache of selectors', () => {
  it('gives the same selector for the same selection, however it was written', () => {
    const cache = new SelectorCache();
    const first = cache.selectorOf(queried('name[]=a&name[]=b'));
    expect(cache.selectorOf(queried('name[]=b&name[]=a'))).toBe(first);
    expect(cache.selectorOf(queried('name[]=a'))).not.toBe(first);
    expect(cache.size).toBe(2);
  });

  it('keeps those that were asked for last', () => {
    const cache = new SelectorCache(2);
    const [a, b] = ['a', 'b'].map((name) => cache.selectorOf(queried(`name[]=${name}`)));
    expect(cache.selectorOf(queried('name[]=a'))).toBe(a);
    cache.selectorOf(queried('name[]=c'));
    expect(cache.size).toBe(2);
    expect(cache.selectorOf(queried('name[]=a'))).toBe(a);
    expect(cache.selectorOf(queried('name[]=b'))).not.toBe(b);
  });

  it('holds no more text than twice the whole, whatever is asked', async () => {
    const cache = new SelectorCache();
    // Each shard copies half of 12 MB; below 16 MiB nothing is dropped.
    const snapshot = snapshotWith(3000, 4000);
    for (let i = 2; i < 40; i++) {
      await cache.select(queried(`shard=1/2&match[]={i!="${i}"}`), snapshot);
    }
    expect(cache.size).toBeGreaterThan(1);
    expect(cache.size * 0.5 * snapshot.bytes).toBeLessThan(2.2 * snapshot.bytes);
  });

  it('has no selector for a pattern that is none', async () => {
    const cache = new SelectorCache();
    const bad = cache.select(queried('match[]={a=~"("}'), snapshotWith(1));
    await expect(bad).rejects.toMatchObject({ code: 'invalid_selector' });
    expect(cache.size).toBe(0);
  });

  it('lets many selections work side by side, one slice in each turn of the loop', async () => {
    const cache = new SelectorCache();
    const snapshot = snapshotWith(25_000);
    // Alone, each takes a few slices; all at once they must not take one turn for all of them.
    const queries = Array.from({ length: 12 }, (_, i) => queried(`match[]={i=~".*${i}.?[13579]"}`));
    await Promise.all(queries.map((query) => query.prepare()));
    let count = 0;
    let isDone = false;
    const turn = (): void => {
      count++;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    const start = performance.now();
    await Promise.all(queries.map((query) => cache.select(query, snapshot)));
    const ms = performance.now() - start;
    isDone = true;
    // Slices aim at 2.5 ms; a turn with one slice of each would be ten times as long.
    expect(ms / count).toBeLessThan(12);
    expect(count).toBeGreaterThan(12);
  });

  it('does not keep a small selection waiting for a large one', async () => {
    const cache = new SelectorCache();
    const order: string[] = [];
    const [many, few] = [snapshotWith(60_000), snapshotWith(1)];
    const large = cache.select(queried('match[]={i=~".*[13579]"}'), many);
    // Until it is at work.
    while (cache.size === 0) await turns(1);
    await turns(1);
    const small = cache.select(queried('name[]=b'), few);
    await Promise.all([
      large.then(() => order.push('large')),
      small.then(() => order.push('small')),
    ]);
    expect(order).toEqual(['small', 'large']);
  });
});

describe('turns', () => {
  it('come in the order in which they were asked for', async () => {
    const shared = new Turns();
    const order: string[] = [];
    const work = async (name: string): Promise<void> => {
      for (let i = 0; i < 2; i++) {
        await shared.take();
        order.push(name);
        shared.give();
      }
    };
    await Promise.all(['a', 'b', 'c'].map(work));
    expect(order.join('')).toBe('abcabc');
  });
});
