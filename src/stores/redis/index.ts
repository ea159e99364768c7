/**
 * The store for many hosts, over Redis or Valkey.
 *
 * @packageDocumentation
 */

export type { SharedStoreOptions } from '../memory-store-options.ts';
export type { RedisStoreDelta } from './delta-reading.ts';
export type { RedisConnection } from './redis-address.ts';
export { RedisStore } from './redis-store.ts';
export type { RedisStoreOptions } from './redis-store-options.ts';
export type { RedisStoreStats } from './redis-store-stats.ts';
