import { setImmediate } from 'node:timers/promises';
import type { Lifetimes } from '../driver.ts';
import { isBeyond } from '../retention.ts';
import type { ReadFrame } from './read-frame.ts';
import { SLOTS_PER_PAGE } from './sample-pages.ts';

// Series looked at between two turns of the event loop: a few ms.
const SCAN_SLICE = 4_096;
// Pages of samples between two turns; a page takes about a microsecond.
const PAGE_SLICE = 512;

/** The series that are over at a time, and the times that they have. */
export interface OverSeries {
  readonly keys: readonly string[];
  readonly times: readonly number[];
}

/**
 * Looks for the series whose time is longer ago than they live. Times are looked at first, page by
 * page: if none is old enough, no key is read.
 */
export async function seriesOver(
  frame: ReadFrame,
  now: number,
  lifetimes: Lifetimes,
): Promise<OverSeries> {
  const old = await slotsBefore(frame, now - lifetimes.shortest);
  const keys: string[] = [];
  const times: number[] = [];
  if (old.size === 0) return { keys, times };
  const { samples } = frame;
  const walk = frame.walk();
  for (let seen = 1; walk.advance(); seen++) {
    const { id: key, slot } = walk;
    if (old.has(slot)) {
      samples.read(slot);
      const time = samples.updatedAt;
      if (isBeyond(lifetimes, { key, time }, now)) {
        keys.push(key);
        times.push(time);
      }
    }
    if (seen % SCAN_SLICE !== 0) continue;
    await setImmediate();
    frame.assertOpen();
  }
  return { keys, times };
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
