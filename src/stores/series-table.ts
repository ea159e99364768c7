import type { SnapshotPoint } from '../model/metric-point.ts';
import { trustedSeriesId } from '../model/trusted-point.ts';
import { Watchers } from '../scheduling/watchers.ts';

/**
 * The current point of each series, and still frames of them all.
 *
 * Points are in dense slots, in no particular order. A frame walks the slots and costs nothing
 * until a slot ahead of it changes: what stood there is then kept for the frame (copy on write).
 */
export class SeriesTable {
  // Ended series leave no holes (the last point moves in), so memory follows the series, not their
  // peak.
  readonly #slots: SnapshotPoint[] = [];
  readonly #slotById = new Map<string, number>();
  // An iteration that is neither finished nor returned ends with its iterator.
  readonly #frames = new Watchers<Frame>();

  /** How many series there are; slots are numbered from 0 to one less. */
  get size(): number {
    return this.#slots.length;
  }

  /** How many frames writes have to keep points for. */
  get openFrames(): number {
    return this.#frames.size;
  }

  /** The point of a series. */
  get(id: string): SnapshotPoint | undefined {
    const slot = this.#slotById.get(id);
    return slot === undefined ? undefined : this.#slots[slot];
  }

  /** The slot of a series, until the next removal. */
  slotOf(id: string): number | undefined {
    return this.#slotById.get(id);
  }

  /** The point in a slot. */
  at(slot: number): SnapshotPoint {
    return this.#slots[slot]!;
  }

  /** Adds a series that is not there. The point carries the same id as its stamp. */
  add(id: string, point: SnapshotPoint): void {
    this.#slotById.set(id, this.#slots.length);
    this.#slots.push(point);
  }

  /** Replaces the point in a slot by another one of the same series. */
  replace(slot: number, point: SnapshotPoint): void {
    this.#keepForFrames(slot);
    this.#slots[slot] = point;
  }

  /** Removes a series; the point of the last slot moves to its slot. */
  remove(id: string): boolean {
    const slot = this.#slotById.get(id);
    if (slot === undefined) return false;
    const last = this.#slots.length - 1;
    this.#slotById.delete(id);
    this.#keepForFrames(slot);
    if (slot !== last) {
      this.#keepForFrames(last);
      const moved = this.at(last);
      this.#slots[slot] = moved;
      this.#slotById.set(trustedSeriesId(moved)!, slot);
    }
    this.#slots.pop();
    return true;
  }

  /** Begins to walk all points as they are now, whatever is written meanwhile. */
  openFrame(): IterableIterator<SnapshotPoint> {
    const frame: Frame = new Frame(this.#slots, () => remove());
    const remove = this.#frames.add(frame);
    return frame;
  }

  #keepForFrames(slot: number): void {
    if (this.#frames.size === 0) return;
    this.#frames.each((frame) => frame.keep(slot));
  }
}

class Frame implements IterableIterator<SnapshotPoint> {
  readonly #slots: readonly SnapshotPoint[];
  readonly #kept = new Map<number, SnapshotPoint>();
  readonly #onEnd: () => void;
  #next = 0;
  #end: number;

  constructor(slots: readonly SnapshotPoint[], onEnd: () => void) {
    this.#slots = slots;
    this.#end = slots.length;
    this.#onEnd = onEnd;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<SnapshotPoint, undefined> {
    if (this.#next >= this.#end) return this.return();
    const slot = this.#next++;
    return { done: false, value: this.#take(slot) };
  }

  return(): IteratorReturnResult<undefined> {
    this.#end = 0;
    this.#kept.clear();
    this.#onEnd();
    return { done: true, value: undefined };
  }

  /** Keeps what stands in a slot that is about to change, if this frame has yet to come there. */
  keep(slot: number): void {
    if (slot < this.#next || slot >= this.#end || this.#kept.has(slot)) return;
    this.#kept.set(slot, this.#slots[slot]!);
  }

  #take(slot: number): SnapshotPoint {
    const kept = this.#kept.get(slot);
    if (kept === undefined) return this.#slots[slot]!;
    this.#kept.delete(slot);
    return kept;
  }
}
