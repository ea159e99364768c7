import { setTimeout as pause } from 'node:timers/promises';
import { SnapscrapeError } from '../../model/errors.ts';
import type { DataSet } from './data-set.ts';
import { RELEASE } from './data-set-scripts.ts';
import type { Layout } from './layout.ts';
import { WRITE } from './partition-scripts.ts';
import { textOf, unexpectedReply } from './replies.ts';
import { type SeriesChange, sendChanges } from './series-changes.ts';
import { correctCounts, countSeries } from './series-count.ts';
import { newToken } from './token.ts';

// Longer than the calls under it take. A store that dies meanwhile holds up others for so long.
const LOCK_MS = 5_000;
const PATIENCE_MS = 2 * LOCK_MS;
const PAUSE_MS = 5;

/**
 * Writes series, no more of them than there may be. One partition counts its own within the script
 * that writes. Several cannot, being on several servers: new series then wait for a lock, under
 * which all are counted. Series that exist need no lock.
 */
export class SeriesWriter {
  readonly #dataSet: DataSet;
  readonly #maxSeries: number;

  constructor(dataSet: DataSet, maxSeries: number) {
    this.#dataSet = dataSet;
    this.#maxSeries = maxSeries;
  }

  /** Writes changes, and notes what became of each: `full` if its series is one too many. */
  async write(changes: readonly SeriesChange[], layout: Layout): Promise<void> {
    const isLimited = this.#maxSeries !== Number.POSITIVE_INFINITY;
    const isShared = isLimited && layout.partitions > 1;
    const most = isShared ? 0 : Math.min(this.#maxSeries, Number.MAX_VALUE);
    const send = (some: readonly SeriesChange[], limit: number): Promise<void> =>
      // In the order given, so that the first new ones get in.
      sendChanges(this.#dataSet, some, {
        method: 'upsert',
        script: WRITE,
        layout,
        most: limit,
        keepsOrder: isLimited,
      });
    await send(changes, most);
    const full = changes.filter(({ outcome }) => outcome === 'full');
    if (full.length === 0) return;
    if (isShared) {
      // What is new has to wait for its turn.
      await this.#inTurn(async () => {
        const room = this.#maxSeries - (await countSeries(this.#dataSet, 'upsert', layout));
        const chosen = new Set<string>();
        for (const { id } of full) if (chosen.size < room) chosen.add(id);
        await send(
          full.filter(({ id }) => chosen.has(id)),
          Number.MAX_VALUE,
        );
      });
    } else if (await correctCounts(this.#dataSet, 'upsert', layout)) {
      // Series were gone without having been ended: there may be room after all.
      await send(full, most);
    }
  }

  /** Does something while no other store adds series. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const { calls, keys } = this.#dataSet;
    const holder = newToken();
    await this.#lock(holder);
    try {
      await work();
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
