import { setTimeout as pause } from 'node:timers/promises';
import { SnapscrapeError } from '../../model/errors.ts';
import type { DataSet } from './data-set.ts';
import { RELEASE } from './data-set-scripts.ts';
import type { Layout } from './layout.ts';
import { WRITE } from './partition-scripts.ts';
import { unexpectedReply } from './replies.ts';
import { type SeriesChange, sendChanges } from './series-changes.ts';
import { correctCounts, countSeries } from './series-count.ts';
import { newToken } from './token.ts';

// Longer than the calls under it take. A store that dies meanwhile holds up others for so long.
const LOCK_MS = 5_000;
const PATIENCE_MS = 2 * LOCK_MS;
const PAUSE_MS = 5;

/**
 * Writes series, no more of them than there may be, and notes what became of each: `f` if its
 * series is one too many. One partition counts its own within the script that writes. Several
 * cannot, being on several servers: new series then wait for a lock, under which all are counted.
 * Series that exist need no lock.
 */
export async function writeSeries(
  dataSet: DataSet,
  changes: readonly SeriesChange[],
  layout: Layout,
  maxSeries: number,
): Promise<void> {
  const isLimited = maxSeries !== Number.POSITIVE_INFINITY;
  const isShared = isLimited && layout.partitions > 1;
  // In the order given, so that the first new ones get in.
  const plan = { method: 'upsert', script: WRITE, layout, keepsOrder: isLimited };
  const most = isShared ? 0 : Math.min(maxSeries, Number.MAX_VALUE);
  await sendChanges(dataSet, changes, { ...plan, most });
  const full = changes.filter(({ outcome }) => outcome === 'f');
  if (full.length === 0) return;
  if (isShared) {
    await inTurn(dataSet, async () => {
      const room = maxSeries - (await countSeries(dataSet, 'upsert', layout));
      const chosen = new Set<string>();
      for (const { id } of full) if (chosen.size < room) chosen.add(id);
      const admitted = full.filter(({ id }) => chosen.has(id));
      await sendChanges(dataSet, admitted, { ...plan, most: Number.MAX_VALUE });
    });
  } else if (await correctCounts(dataSet, 'upsert', layout)) {
    // Series were gone without having been ended: there may be room after all.
    await sendChanges(dataSet, full, { ...plan, most });
  }
}

/** Does something while no other store adds series. */
async function inTurn({ calls, keys }: DataSet, work: () => Promise<void>): Promise<void> {
  const holder = newToken();
  const args = ['SET', keys.budget, holder, 'NX', 'PX', String(LOCK_MS)];
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const reply = await calls.write('upsert', keys.budget, args);
    if (reply === 'OK') break;
    if (reply !== null) throw unexpectedReply();
    if (performance.now() > deadline) {
      throw new SnapscrapeError(
        'store_unavailable',
        `RedisStore could not upsert(): others have held ${keys.budget} for ${PATIENCE_MS / 1_000} s; ` +
          'write again, or remove that key if no other store writes',
      );
    }
    await pause(PAUSE_MS * (1 + Math.random()));
  }
  try {
    await work();
  } finally {
    await calls.run('upsert', RELEASE, [keys.budget], [holder]);
  }
}
