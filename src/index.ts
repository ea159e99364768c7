/**
 * Bridges a store's snapshots of metric points into Prometheus and OpenMetrics text.
 *
 * @packageDocumentation
 */
export { CACHE_DEFAULTS, type CacheConfig, type CheckedCacheConfig } from './cache/cache-config.ts';
export type { CacheStats, RefreshKind } from './cache/cache-stats.ts';
export { type CachedSnapshotReader, createCachedSnapshotReader } from './cache/cached-reader.ts';
export type { FallbackReason } from './cache/refresh.ts';
export type { RefreshWork } from './cache/work.ts';
export { createOpenMetricsHandler, type OpenMetricsHandler } from './http/handler.ts';
export {
  type CheckedHandlerOptions,
  HANDLER_DEFAULTS,
  type HandlerOptions,
} from './http/handler-options.ts';
export { SnapscrapeError, type SnapscrapeErrorCode } from './model/errors.ts';
export type { FamilyMetadata, FamilyMetadataFault, FamilyType } from './model/family-metadata.ts';
export type { MetricPoint, WritablePoint } from './model/metric-point.ts';
export { REJECTION_REASONS, type RejectedPoint, type RejectionReason } from './model/rejection.ts';
export { parseSeriesId, seriesId } from './model/series-id.ts';
export type {
  Awaitable,
  DeltaEvent,
  IncrementalSnapshotReader,
  Many,
  ReadOptions,
  SnapshotDelta,
  SnapshotReader,
} from './model/snapshot-reader.ts';
export { MemoryStore, type MemoryStoreStats } from './stores/memory-store.ts';
export {
  type CheckedMemoryStoreOptions,
  MEMORY_STORE_DEFAULTS,
  type MemoryStoreOptions,
} from './stores/memory-store-options.ts';
export type { MetricStore, SeriesMatcher, UpsertResult } from './stores/metric-store.ts';
export type { MemoryStoreDelta } from './stores/series-ledger.ts';
