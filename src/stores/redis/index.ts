/**
 * The store for many hosts, over Redis or Valkey.
 *
 * @packageDocumentation
 */

export type { SharedStoreOptions } from '../memory-store-options.ts';
export type { RedisConnection } from './redis-address.ts';
export { RedisStore, type RedisStoreDelta, type RedisStoreStats } from './redis-store.ts';
export type { RedisStoreOptions } from './redis-store-options.ts';
