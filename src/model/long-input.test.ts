import { describe, expect, it } from 'vitest';
import { createCachedSnapshotReader, MemoryStore, parseSeriesId, seriesId } from '../index.ts';
import { catalogFamilies } from './family-metadata.ts';
import { unescapeLabelValue } from './key/index.ts';

const LONG = 'x'.repeat(20_000_000);
const QUOTES = '\\"'.repeat(10_000_000);

describe('text of many megabytes', () => {
  it.each([LONG, `a{l="${LONG}"}`, `a{l="${QUOTES}"}`])('is no series id (%#)', async (id) => {
    await expect(new MemoryStore().delete(id)).rejects.toMatchObject({ code: 'invalid_series_id' });
  });

  it('ends no series in a delta, and is counted', async () => {
    const reader = createCachedSnapshotReader({
      snapshot: () => [{ name: 'a', value: 1 }],
      snapshotCursor: () => 'c:1',
      snapshotDelta: () => ({
        nextCursor: 'c:2',
        events: [`b{l="${'v'.repeat(70_000)}"}`, LONG].map((seriesId) => ({
          deleted: true,
          seriesId,
        })),
      }),
    });
    await reader.refresh();
    await reader.refresh();
    expect(reader.cacheStats()).toMatchObject({ rejected: { series_too_long: 2 }, series: 1 });
  });

  it('is no cursor: everything is read instead', async () => {
    const reader = createCachedSnapshotReader(
      {
        snapshot: () => [{ name: 'a', value: 1 }],
        snapshotCursor: () => '0'.repeat(20_000_000),
        snapshotDelta: () => expect.fail('there is no cursor'),
      },
      { onError: () => undefined },
    );
    await reader.refresh();
    await reader.refresh();
    expect(reader.cacheStats()).toMatchObject({
      series: 1,
      fallbacksByReason: { cursor_failed: 2 },
    });
  });

  it('is no name, help or unit of a family', () => {
    const type = 'gauge';
    const given = [
      { name: LONG, type },
      { name: 'a', type, help: LONG },
      { name: 'b', type, unit: LONG },
      { name: 'c', type, help: 'x'.repeat(1_048_576) },
    ];
    const { byName, faults } = catalogFamilies(given);
    expect(faults).toHaveLength(3);
    expect([...byName.keys()]).toEqual(['a', 'b', 'c']);
    expect(byName.get('a')).toEqual({ name: 'a', type });
    expect(byName.get('c')).toEqual(given[3]);
  });

  it('is no label name', async () => {
    const store = new MemoryStore();
    await store.upsert({ name: 'a', labels: { [LONG]: 'v' }, value: 1 });
    expect(store.stats().rejected.series_too_long).toBe(1);
  });
});

it('what is unescaped is what was escaped, backslash by backslash', () => {
  const parts = ['\\', '"', '\n', 'n', 'x'];
  const values = [''];
  for (let length = 0; length < 5; length++) {
    for (const value of values.filter((each) => each.length === length)) {
      values.push(...parts.map((part) => value + part));
    }
  }
  for (const l of values) {
    const labels = l === '' ? {} : { l };
    expect(parseSeriesId(seriesId({ name: 'a', labels })).labels).toEqual(labels);
  }
  expect(unescapeLabelValue('\\q\\\\n\\n')).toBe('\\q\\n\n');
});
