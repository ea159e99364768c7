/**
 * Bridges a store's snapshots of metric points into Prometheus and OpenMetrics text.
 *
 * @packageDocumentation
 */

export type { ContentCoding } from './formats/content-coding.ts';
export type { ErrorContext, ErrorListener } from './http/error-report.ts';
export { createOpenMetricsHandler, type OpenMetricsHandler } from './http/handler.ts';
export {
  type CheckedHandlerOptions,
  HANDLER_DEFAULTS,
  type HandlerOptions,
} from './http/handler-options.ts';
export type { NodeRequest, NodeResponse } from './http/node-exchange.ts';
export { SnapscrapeError, type SnapscrapeErrorCode } from './model/errors.ts';
export type { FamilyMetadata, FamilyMetadataFault, FamilyType } from './model/family-metadata.ts';
export type {
  LabelValue,
  MetricPoint,
  PointLabels,
  SnapshotPoint,
  WritablePoint,
} from './model/metric-point.ts';
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
export type { LastWrite, WriteStats } from './model/write-stats.ts';
export {
  CACHE_DEFAULTS,
  type CacheConfig,
  type CheckedCacheConfig,
} from './refresh/cache-config.ts';
export type { CacheStats, RefreshKind } from './refresh/cache-stats.ts';
export { type CachedSnapshotReader, createCachedSnapshotReader } from './refresh/cached-reader.ts';
export type { FallbackReason } from './refresh/refresh.ts';
export type { ErrorPolicy } from './refresh/snapshot-provider.ts';
export type { SelectionOptions } from './selection/selection-query.ts';
export type { RefreshWork } from './snapshot/refresh-work.ts';
export {
  type CheckedMergeOptions,
  MERGE_DEFAULTS,
  type MergeOptions,
  type NamedReader,
} from './sources/merge-options.ts';
export type { MemberState } from './sources/merged-member.ts';
export {
  type MergedSnapshotReader,
  type MergeStats,
  mergeReaders,
} from './sources/merged-reader.ts';
export type {
  MetricRegistry,
  RegistryMetric,
  RegistryMetricValues,
  RegistryValue,
} from './sources/metric-registry.ts';
export {
  type CheckedRegistryReaderOptions,
  createRegistryReader,
  REGISTRY_DEFAULTS,
  type RegistryReader,
  type RegistryReaderOptions,
} from './sources/registry-reader.ts';
export { type CreateStoreOptions, createStore } from './stores/create-store.ts';
export { MemoryStore, type MemoryStoreStats } from './stores/memory-store.ts';
export {
  type CheckedMemoryStoreOptions,
  MEMORY_STORE_DEFAULTS,
  type MemoryStoreOptions,
} from './stores/memory-store-options.ts';
export type { MetricStore, SeriesMatcher, UpsertResult } from './stores/metric-store.ts';
export type { MemoryStoreDelta } from './stores/series-ledger.ts';
