import { SnapscrapeError } from '../model/errors.ts';

/** One of some parts that all series are divided into by their hashes. */
export interface Shard {
  /** Which part: from 1 to `of`. */
  readonly index: number;
  /** How many parts there are: from 1 to 1024. */
  readonly of: number;
}

/** How many shards there may be. */
const MOST_SHARDS = 1024;

const SHARD = /^([1-9]\d{0,3})\/([1-9]\d{0,3})$/;

/**
 * Reads a shard as `2/4`, the second of four. Throws `invalid_selector` for any other text, the
 * zeroth and the fifth of four among it.
 */
export function parseShard(text: string): Shard {
  const [, index, of] = (SHARD.exec(text) ?? []).map(Number);
  if (index === undefined || of === undefined || index > of || of > MOST_SHARDS) {
    throw new SnapscrapeError(
      'invalid_selector',
      `${JSON.stringify(text.slice(0, 24))} is not a shard; write i/n such as 2/4, where i is from 1 to n and n up to ${MOST_SHARDS}`,
    );
  }
  return { index, of };
}

/** Whether a series of some hash belongs to a shard. */
export function isOfShard(hash: number, { index, of }: Shard): boolean {
  return hash % of === index - 1;
}
