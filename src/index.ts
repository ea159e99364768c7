/**
 * Bridges a store's snapshots of metric points into Prometheus and OpenMetrics text.
 *
 * @packageDocumentation
 */

export type { ErrorContext } from './http/error-report.ts';
export { createOpenMetricsHandler, type OpenMetricsHandler } from './http/handler.ts';
export type { HandlerOptions } from './http/handler-options.ts';
export { SnapscrapeError, type SnapscrapeErrorCode } from './model/errors.ts';
export type { FamilyMetadata, FamilyType } from './model/family-metadata.ts';
export type { MetricPoint, SnapshotPoint } from './model/metric-point.ts';
export type { Exemplar, HistogramValue, SummaryValue } from './model/point-value.ts';
export type { RejectedPoint, RejectionReason } from './model/rejection.ts';
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
export type { ParsingRules } from './parse/index.ts';
export type { CacheConfig } from './refresh/cache-config.ts';
export type { CacheStats } from './refresh/cache-stats.ts';
export { type CachedSnapshotReader, createCachedSnapshotReader } from './refresh/cached-reader.ts';
export { type AssembledReader, assemble } from './sources/assemble.ts';
export type { AssemblyStats } from './sources/assembler.ts';
export { type ExpositionSourceOptions, expositionSource } from './sources/exposition-source.ts';
export type { MergeOptions, NamedReader } from './sources/merge-options.ts';
export type { MemberState } from './sources/merged-member.ts';
export {
  type MergedSnapshotReader,
  type MergeStats,
  mergeReaders,
} from './sources/merged-reader.ts';
export type { TlsSettings } from './sources/page-request.ts';
export {
  createRegistryReader,
  type RegistryReader,
  type RegistryReaderOptions,
} from './sources/registry-reader.ts';
export type { AssemblyFault } from './sources/sample-group.ts';
export { type TextFileOptions, textFileSource } from './sources/text-file-source.ts';
export { type CreateStoreOptions, createStore } from './stores/create-store.ts';
export { MemoryStore, type MemoryStoreStats } from './stores/memory-store.ts';
export type { MemoryStoreOptions } from './stores/memory-store-options.ts';
export type { MetricStore, SeriesMatcher, UpsertResult } from './stores/metric-store.ts';
export type { ReplaceOptions, ReplaceResult, StoreGroup } from './stores/store-group.ts';
