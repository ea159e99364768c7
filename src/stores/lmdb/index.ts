/**
 * The durable store for the processes of one host.
 *
 * @packageDocumentation
 */
export { LmdbStore, type LmdbStoreStats } from './lmdb-store.ts';
export {
  type CheckedLmdbStoreOptions,
  LMDB_STORE_DEFAULTS,
  type LmdbStoreOptions,
  type SharedStoreOptions,
} from './lmdb-store-options.ts';
