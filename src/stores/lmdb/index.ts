/**
 * The durable store for the processes of one host.
 *
 * @packageDocumentation
 */

export type { SharedStoreOptions } from '../memory-store-options.ts';
export { LmdbStore, type LmdbStoreStats } from './lmdb-store.ts';
export type { LmdbStoreOptions } from './lmdb-store-options.ts';
export type { LmdbVerification } from './verification.ts';
