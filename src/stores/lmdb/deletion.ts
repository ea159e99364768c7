import { setImmediate } from 'node:timers/promises';
import { nameOf } from '../../model/key/index.ts';
import type { SeriesMatcher } from '../metric-store.ts';
import type { Retention } from '../retention.ts';
import type { SeriesPredicate } from '../series-target.ts';
import type { LedgerAccess } from './ledger-access.ts';
import { lmdbFailure } from './lmdb-failure.ts';
import { inSlice } from './point-batch.ts';
import { PointReader } from './point-reader.ts';
import type { ReadFrame } from './read-frame.ts';
import { SLOTS_PER_PAGE } from './sample-pages.ts';
import { type KeyRange, keysOfName } from './series-key.ts';
import type { SeriesWalk } from './series-walk.ts';

// Series looked at between two turns of the event loop: a few ms.
const SCAN_SLICE = 4_096;
// Pages of samples between two turns; a page takes about a microsecond.
const PAGE_SLICE = 512;

/** Deletes series by id; returns how many of them there were. */
export async function deleteSeries(
  access: LedgerAccess,
  method: string,
  ids: readonly string[],
  fits?: (id: string, updatedAt: number) => boolean,
): Promise<number> {
  let deleted = 0;
  for (let from = 0; from < ids.length; ) {
    const slice = await access.write(method, (writer) => {
      let count = 0;
      const next = inSlice(from, ids.length, (i) => {
        const id = ids[i]!;
        if (writer.delete(id, fits && ((updatedAt) => fits(id, updatedAt)))) count++;
      });
      return { next, count };
    });
    from = slice.next;
    deleted += slice.count;
  }
  return deleted;
}

/** Deletes the series that there are now and that match. */
export async function deleteMatching(
  access: LedgerAccess,
  { name }: SeriesMatcher,
  matches: SeriesPredicate,
): Promise<number> {
  const reader = new PointReader();
  const ranges = name === undefined ? [{}] : keysOfName(name);
  const ids = await scan(access, 'delete', async (frame) => {
    const found: string[][] = [];
    for (const range of ranges) {
      const ids = await collectIds(frame, range, ({ id }) => {
        const point = reader.point(id, 0, 0);
        return point !== undefined && matches(point);
      });
      found.push(ids);
    }
    return found.flat();
  });
  return deleteSeries(access, 'delete', ids);
}

/** Deletes the series that are beyond their retention at a time. */
export async function deleteExpired(
  access: LedgerAccess,
  retention: Retention,
  now: number,
): Promise<number> {
  const isOver = (id: string, updatedAt: number): boolean =>
    retention.isOver({ name: nameOf(id), updatedAt }, now);
  const ids = await scan(access, 'gc', async (frame) => {
    // Times are looked at first, page by page: if none is old enough, no id is read.
    const old = await slotsBefore(frame, now - retention.shortest);
    if (old.size === 0) return [];
    return collectIds(frame, {}, ({ id, slot }) => {
      if (!old.has(slot)) return false;
      frame.samples.read(slot);
      return isOver(id, frame.samples.updatedAt);
    });
  });
  // Their times are read again when they are deleted: another process may have written meanwhile.
  return deleteSeries(access, 'gc', ids, isOver);
}

async function scan<T>(
  access: LedgerAccess,
  method: string,
  work: (frame: ReadFrame) => Promise<T>,
): Promise<T> {
  const frame = access.openFrame(method);
  try {
    return await work(frame);
  } catch (cause) {
    throw lmdbFailure('read', access.environment.path, cause);
  } finally {
    frame.close();
  }
}

async function collectIds(
  frame: ReadFrame,
  range: KeyRange,
  isChosen: (series: SeriesWalk) => boolean,
): Promise<string[]> {
  const ids: string[] = [];
  const walk = frame.walk(range);
  for (let seen = 1; walk.advance(); seen++) {
    if (isChosen(walk)) ids.push(walk.id);
    if (seen % SCAN_SLICE !== 0) continue;
    await setImmediate();
    frame.assertOpen();
  }
  return ids;
}

async function slotsBefore(frame: ReadFrame, time: number): Promise<ReadonlySet<number>> {
  const slots = new Set<number>();
  const { slots: count } = frame.state;
  for (let number = 0; number * SLOTS_PER_PAGE < count; number++) {
    frame.assertOpen();
    const page = frame.samples.page(number);
    const first = number * SLOTS_PER_PAGE;
    const places = Math.min(SLOTS_PER_PAGE, count - first);
    for (let place = 0; place < places; place++) {
      // A free slot's time is NaN, which is before nothing.
      if (page[2 * place + 1]! < time) slots.add(first + place);
    }
    if (number % PAGE_SLICE === PAGE_SLICE - 1) await setImmediate();
  }
  return slots;
}
