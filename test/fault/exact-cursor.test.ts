import { describe, expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  type SnapshotDelta,
  type SnapshotPoint,
} from '../../src/index.ts';
import { bareHandler, pageOf } from '../support/page.ts';

const point = (value: number): SnapshotPoint => ({ name: 'a', labels: {}, value, updatedAt: 1 });

/** A source that tells the cursor of a snapshot only once all of it was read. */
function source(cursorOfSnapshot: unknown) {
  const asked: string[] = [];
  return {
    asked,
    snapshotCursor: () => 'before;',
    snapshot: () => {
      let cursor: unknown;
      return {
        get cursor(): string | undefined {
          return cursor as string | undefined;
        },
        *[Symbol.iterator]() {
          yield point(1);
          cursor = cursorOfSnapshot;
        },
      };
    },
    snapshotDelta: (from: string): SnapshotDelta => {
      asked.push(from);
      return { nextCursor: 'after;', events: [{ point: point(2) }] };
    },
  };
}

describe('a snapshot that knows its own cursor', () => {
  it('is what the next delta follows', async () => {
    const store = source('exactly;');
    const reader = createCachedSnapshotReader(store);
    await reader.refresh();
    expect(reader.cacheStats().cursor).toBe('exactly;');
    await reader.refresh();
    expect(store.asked).toEqual(['exactly;']);
    expect(await pageOf(bareHandler(reader))).toContain('a 2\n');
  });

  it.each([undefined, 7, null])('leaves the one read before it where it says %s', async (none) => {
    const store = source(none);
    const reader = createCachedSnapshotReader(store);
    await reader.refresh();
    expect(reader.cacheStats().cursor).toBe('before;');
  });
});
