import assert from 'node:assert/strict';
import type { IncrementalSnapshotReader } from '../model/snapshot-reader.ts';
import { type CachedSnapshotReader, createCachedSnapshotReader } from '../refresh/cached-reader.ts';

/** Two caches over one store: one follows its deltas, the other one reads everything each time. */
export class CachePair {
  readonly #byDelta: CachedSnapshotReader;
  readonly #full: CachedSnapshotReader;

  constructor(store: IncrementalSnapshotReader) {
    // A store may forget changes, so a delta may fall back to a full read.
    const onError = (): void => undefined;
    this.#byDelta = createCachedSnapshotReader(store, { onError });
    this.#full = createCachedSnapshotReader(store, { mode: 'full', onError });
  }

  /** How many refreshes of the first one were by delta. */
  get deltas(): number {
    return this.#byDelta.cacheStats().deltas;
  }

  /** Refreshes both; rejects unless they then hold the same points and metadata. */
  async compare(when: string): Promise<void> {
    const [byDelta, full] = [await contentOf(this.#byDelta), await contentOf(this.#full)];
    assert.deepEqual(byDelta, full, `a cache by deltas beside a full one ${when}`);
  }
}

async function contentOf(reader: CachedSnapshotReader) {
  await reader.refresh();
  return { points: [...(await reader.snapshot())], families: await reader.families() };
}
