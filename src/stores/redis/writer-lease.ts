import { SnapscrapeError } from '../../model/errors.ts';
import { SharedTask } from '../../scheduling/shared-task.ts';
import { LEASE, RELEASE } from './data-set-scripts.ts';
import { forEachPartition, type Keys, type Layout } from './layout.ts';
import { FENCE } from './partition-scripts.ts';
import type { RedisCalls } from './redis-calls.ts';
import { countOf, forbiddenError, textsOf, unexpectedReply } from './replies.ts';
import { newToken } from './token.ts';

/** What is leased. */
export interface LeasedDataSet {
  readonly calls: RedisCalls;
  readonly keys: Keys;
  /** How many partitions there are to tell of a new holder. */
  layout(method: string): Promise<Layout>;
}

/**
 * The right to be the only writer of a data set. The holder has a fence, a number that grows from
 * holder to holder; every write carries it, and partitions refuse lower ones. So a writer that was
 * stopped for longer than its lease cannot write between the writes of the next one.
 */
export class WriterLease {
  readonly #ttl: number;
  readonly #holder: string = `${newToken()}${newToken()}`;
  #fence = 0;
  // By the monotonic clock; before it the lease is held for certain.
  #renewAt = 0;
  readonly #taking = new SharedTask<void>();

  /**
   * @param ttl - how long the lease lasts without being kept, in ms.
   */
  constructor(ttl: number) {
    this.#ttl = ttl;
  }

  /** The fence to write with. Rejects with `store_fenced` while another store has the lease. */
  async fence(method: string, dataSet: LeasedDataSet): Promise<string> {
    if (performance.now() >= this.#renewAt) {
      await this.#taking.run(() => this.#take(method, dataSet));
    }
    return String(this.#fence);
  }

  /** Notes that another store took it: the next write asks for it again. */
  lost(): void {
    this.#fence = 0;
    this.#renewAt = 0;
  }

  /** Gives it back, so that the next writer need not wait. */
  async release(dataSet: LeasedDataSet): Promise<void> {
    const fence = this.#fence;
    if (fence === 0) return;
    const { calls, keys } = dataSet;
    this.lost();
    // The fences first: the next holder then raises its own.
    await this.#tellPartitions(dataSet, fence, 'lower');
    await calls.run('close', RELEASE, [keys.lease], [this.#holder]);
  }

  async #take(method: string, dataSet: LeasedDataSet): Promise<void> {
    const asked = performance.now();
    let fence = await this.#ask(method, dataSet, this.#fence, this.#fence);
    while (fence !== this.#fence) {
      // Where the data set lost its count of leases, partitions may have seen higher ones.
      const highest = await this.#tellPartitions(dataSet, fence, 'raise');
      if (highest <= fence) break;
      fence = await this.#ask(method, dataSet, 0, highest);
    }
    this.#fence = fence;
    this.#renewAt = asked + this.#ttl / 3;
  }

  /** Takes or keeps the lease; returns its fence, which is above the given one if it is new. */
  async #ask(
    method: string,
    { calls, keys }: LeasedDataSet,
    own: number,
    above: number,
  ): Promise<number> {
    const args = [this.#holder, ...[this.#ttl, own, above].map(String)];
    const reply = textsOf(await calls.run(method, LEASE, [keys.meta, keys.lease], args));
    if (reply[0] === 'ok') return countOf(reply[1]);
    if (reply[0] === 'forbidden') throw forbiddenError(method, reply[1] ?? '');
    if (reply[0] !== 'held') throw unexpectedReply();
    this.lost();
    throw new SnapscrapeError(
      'store_fenced',
      `RedisStore may not ${method}(): another store has the writer's lease; write from that one, or wait until it ends`,
    );
  }

  /** Sets or removes a fence everywhere; returns the highest that is there then. */
  async #tellPartitions(
    dataSet: LeasedDataSet,
    fence: number,
    how: 'raise' | 'lower',
  ): Promise<number> {
    const fences = await forEachPartition(await dataSet.layout('upsert'), async (partition) => {
      const { state } = dataSet.keys.partition(partition);
      return countOf(await dataSet.calls.run('upsert', FENCE, [state], [String(fence), how]));
    });
    return Math.max(...fences);
  }
}
