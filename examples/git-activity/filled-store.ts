import type { IncrementalSnapshotReader, MemoryStore } from 'snapscrape';

/**
 * A store as it is read: only once it was filled for the first time. Until then a read waits, and
 * scrapes get 503, as an empty page would say that there are no repositories.
 */
export function readOnceFilled(
  store: MemoryStore,
  filled: Promise<void>,
): IncrementalSnapshotReader {
  return {
    families: () => store.families(),
    snapshot: async () => {
      await filled;
      return store.snapshot();
    },
    snapshotCursor: async () => {
      await filled;
      return store.snapshotCursor();
    },
    snapshotDelta: (cursor) => store.snapshotDelta(cursor),
  };
}
