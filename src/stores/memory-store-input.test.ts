import { describe, expect, it } from 'vitest';
import type { WritablePoint } from '../model/metric-point.ts';
import type { RejectionReason } from '../model/rejection.ts';
import { seriesId } from '../model/series-id.ts';
import { MemoryStore } from './memory-store.ts';

function point(name: string, value: number, updatedAt = 1, labels = {}): WritablePoint {
  return { name, labels, value, updatedAt };
}

function idsOf(store: MemoryStore): string[] {
  return [...store.snapshot()].map(seriesId).sort();
}

describe('bad points', () => {
  const throwing = {
    get name(): string {
      throw new Error('secret');
    },
  };
  const closedProxy = Proxy.revocable({}, {});
  closedProxy.revoke();
  const bad: [RejectionReason, unknown][] = [
    ['not_a_point', null],
    ['not_a_point', undefined],
    ['not_a_point', 'a'],
    ['not_a_point', throwing],
    ['not_a_point', closedProxy.proxy],
    ['invalid_name', {}],
    ['invalid_name', point('bad\ud800', 1)],
    ['invalid_labels', { name: 'a', labels: null, value: 1 }],
    ['invalid_labels', { name: 'a', labels: [], value: 1 }],
    ['invalid_labels', { name: 'a', labels: new Map([['x', '1']]), value: 1 }],
    ['invalid_label_name', point('a', 1, 1, { 'bad\ud800': '' })],
    ['invalid_label_value', point('a', 1, 1, { x: 1n })],
    ['malformed_unicode', point('a', 1, 1, { x: '\ud800' })],
    ['invalid_value', { ...point('a', 1), value: '1' }],
    ['invalid_updated_at', { ...point('a', 1), updatedAt: null }],
    ['invalid_updated_at', point('a', 1, Number.NaN)],
    ['series_too_long', point('a', 1, 1, { x: 'x'.repeat(1000) })],
  ];

  it.each(bad)('are refused as %s, and the others of the batch written', async (reason, given) => {
    const store = new MemoryStore({ maxSeriesBytes: 999 });
    const batch = [point('before', 1), given, point('after', 1)] as WritablePoint[];
    const result = await store.upsert(batch);
    expect(result).toMatchObject({ added: 2, refused: 1, refusals: [{ reason }] });
    expect(store.stats().rejected[reason]).toBe(1);
    expect(store.stats().lastRejected).toEqual(result.refusals);
    expect(idsOf(store)).toEqual(['after', 'before']);
  });

  it('are refused alone too, where they are objects', async () => {
    const store = new MemoryStore();
    for (const given of [{}, throwing, closedProxy.proxy]) {
      expect((await store.upsert(given as WritablePoint)).refused).toBe(1);
    }
  });

  it('are counted all and told of up to a hundred', async () => {
    const result = await new MemoryStore().upsert(Array(150).fill(null));
    expect(result.refused).toBe(150);
    expect(result.refusals).toHaveLength(100);
  });

  it('are read once: a getter cannot answer otherwise after it was checked', async () => {
    const store = new MemoryStore();
    const labels = new Proxy({ x: 'good' }, {});
    let reads = 0;
    const shifty = {
      name: 'a',
      value: 1,
      updatedAt: 1,
      labels: {
        get x(): unknown {
          return reads++ === 0 ? 'good' : 7;
        },
      },
    };
    await store.upsert([shifty as WritablePoint, { name: 'b', labels, value: 1 }]);
    expect([...store.snapshot()].map((p) => p.labels)).toEqual([{ x: 'good' }, { x: 'good' }]);
  });
});

describe('upsert of what is neither a point nor many', () => {
  it.each([null, undefined, 'abc', 7, true, () => [], Promise.resolve([])])(
    'rejects %s',
    async (given) => {
      const store = new MemoryStore();
      const promise = store.upsert(given as unknown as WritablePoint);
      await expect(promise).rejects.toMatchObject({ code: 'invalid_options' });
    },
  );

  it('keeps what was written before the iteration threw, with the error as the cause', async () => {
    const cause = new Error('the database went away');
    function* failing(name: string): Generator<WritablePoint> {
      yield point(name, 1);
      throw cause;
    }
    async function* failingLater(): AsyncGenerator<WritablePoint> {
      yield* failing('b');
    }
    const store = new MemoryStore();
    const expected = { code: 'input_failed', cause };
    await expect(store.upsert(failing('a'))).rejects.toMatchObject(expected);
    await expect(store.upsert(failingLater())).rejects.toMatchObject(expected);
    expect(idsOf(store)).toEqual(['a', 'b']);
  });
});
