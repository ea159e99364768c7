import { setTimeout as pause } from 'node:timers/promises';
import { SnapscrapeError } from '../../model/errors.ts';
import type { DataSet } from './data-set.ts';
import { RELEASE } from './data-set-scripts.ts';
import type { Layout } from './layout.ts';
import { textOf, unexpectedReply } from './replies.ts';
import { correctCounts, countSeries } from './series-count.ts';
import { newToken } from './token.ts';

// Longer than the calls under it take; who dies meanwhile holds up others for so long.
const LOCK_MS = 5_000;
const PATIENCE_MS = 2 * LOCK_MS;
const PAUSE_MS = 5;

/**
 * How many series there may be. One partition counts its own within the script that writes. Several
 * cannot, being on several servers: new series then wait for a lock, under which all are counted.
 * Series that exist need no lock.
 */
export class SeriesBudget {
  readonly #dataSet: DataSet;
  readonly #maxSeries: number;

  constructor(dataSet: DataSet, maxSeries: number) {
    this.#dataSet = dataSet;
    this.#maxSeries = maxSeries;
  }

  /** Whether there is a limit at all. */
  get isLimited(): boolean {
    return this.#maxSeries !== Number.POSITIVE_INFINITY;
  }

  /** Whether new series must be counted over several partitions. */
  isShared({ partitions }: Layout): boolean {
    return partitions > 1 && this.isLimited;
  }

  /** The most series that one partition may have by itself. */
  partitionLimit(layout: Layout): number {
    return this.isShared(layout) ? 0 : Math.min(this.#maxSeries, Number.MAX_VALUE);
  }

  /**
   * Makes sure that there is no room where none was found: series may be gone without having been
   * ended. Returns whether there may be some after all.
   */
  findRoom(layout: Layout): Promise<boolean> {
    return correctCounts(this.#dataSet, 'upsert', layout);
  }

  /** Does something while no other store adds series; `work` gets how many there is room for. */
  async spend(layout: Layout, work: (room: number) => Promise<void>): Promise<void> {
    const { calls, keys } = this.#dataSet;
    const holder = newToken();
    await this.#lock(holder);
    try {
      await work(this.#maxSeries - (await countSeries(this.#dataSet, 'upsert', layout)));
    } finally {
      await calls.run('upsert', RELEASE, [keys.budget], [holder]);
    }
  }

  async #lock(holder: string): Promise<void> {
    const { calls, keys } = this.#dataSet;
    const args = ['SET', keys.budget, holder, 'NX', 'PX', String(LOCK_MS)];
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const reply = await calls.write('upsert', keys.budget, args);
      if (reply !== null && textOf(reply) !== 'OK') throw unexpectedReply();
      if (reply !== null) return;
      if (performance.now() > deadline) {
        throw new SnapscrapeError(
          'store_unavailable',
          `RedisStore could not upsert(): others have held ${keys.budget} for ${PATIENCE_MS / 1_000} s; ` +
            'write again, or remove that key if no other store writes',
        );
      }
      await pause(PAUSE_MS * (1 + Math.random()));
    }
  }
}
