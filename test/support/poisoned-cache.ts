import type { CacheConfig, SnapshotReader } from '../../src/index.ts';
import { checkCacheConfig } from '../../src/refresh/cache-config.ts';
import { CachedReader } from '../../src/refresh/cached-reader.ts';
import { ChunkMemory } from '../../src/snapshot/chunk-memory.ts';

/** A cached reader that overwrites the memory that it is about to use again. */
export interface PoisonedCache {
  readonly reader: CachedReader;
  readonly memory: ChunkMemory;
}

/** A cached reader that refreshes when it is told to. What reads memory too late reads 0xDB. */
export function poisonedCache(source: SnapshotReader, config: CacheConfig = {}): PoisonedCache {
  const memory = new ChunkMemory(true);
  const checked = checkCacheConfig({ refreshInterval: 2 ** 31 - 1, ...config });
  return { reader: new CachedReader(source, checked, () => performance.now(), memory), memory };
}
