import type { WriteStats } from '../../model/write-stats.ts';

/** What a `RedisStore` did since it was opened, known without asking Redis. */
export interface RedisStoreStats extends WriteStats {
  /** Whether the connection is there. */
  readonly connected: boolean;
  /** Commands sent, each a round trip; what is sent together with others is counted too. */
  readonly commands: number;
  /** How many of them were tries after a first one failed. */
  readonly retries: number;
  /** Connections given up because the server answered nothing for `timeout`. */
  readonly connectionsReplaced: number;
  /** Series that this store ended because they were beyond their retention. */
  readonly expired: number;
}
