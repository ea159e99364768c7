import type { SnapshotPoint } from '../../model/metric-point.ts';
import type { DeltaEvent } from '../../model/snapshot-reader.ts';
import type { Environment } from './environment.ts';
import { lmdbFailure } from './lmdb-failure.ts';
import { type OnRefused, PointReader } from './point-reader.ts';
import type { ReadFrame } from './read-frame.ts';
import { SeriesIndex } from './series-index.ts';
import type { SeriesWalk } from './series-walk.ts';

/**
 * All points of a frame in series order; closes the frame at the end, or when the reader gives up.
 * Not a generator, as that costs a tenth of a snapshot (bench/stores).
 */
export class FramedPoints implements IterableIterator<SnapshotPoint> {
  readonly #reader: PointReader;
  readonly #path: string;
  readonly #frame: ReadFrame;
  readonly #walk: SeriesWalk;
  #isOver = false;

  constructor({ path }: Environment, frame: ReadFrame, onRefused: OnRefused) {
    this.#reader = new PointReader(onRefused);
    this.#path = path;
    this.#frame = frame;
    this.#walk = frame.walk();
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<SnapshotPoint, undefined> {
    if (this.#isOver) return { done: true, value: undefined };
    try {
      this.#frame.assertOpen();
      const { samples } = this.#frame;
      while (this.#walk.advance()) {
        const { id, slot } = this.#walk;
        samples.read(slot);
        const value = this.#reader.point(id, samples.value, samples.updatedAt);
        if (value !== undefined) return { done: false, value };
      }
      return this.return();
    } catch (cause) {
      this.return();
      throw lmdbFailure('read', this.#path, cause);
    }
  }

  return(): IteratorReturnResult<undefined> {
    this.#isOver = true;
    this.#frame.close();
    return { done: true, value: undefined };
  }
}

/**
 * What series are in a frame, or that they ended; closes the frame at the end. A series that is
 * refused has ended, as no snapshot has it either.
 */
export function* eventsOf(
  environment: Environment,
  frame: ReadFrame,
  ids: readonly string[],
  onRefused: OnRefused,
): Generator<DeltaEvent, void, undefined> {
  const reader = new PointReader(onRefused);
  const index = new SeriesIndex(environment.series);
  const { samples } = frame;
  try {
    for (const id of ids) {
      frame.assertOpen();
      const slot = index.slotOf(id, frame.transaction);
      if (slot !== undefined) samples.readOnce(slot);
      const point =
        slot === undefined ? undefined : reader.point(id, samples.value, samples.updatedAt);
      yield point === undefined ? { deleted: true, seriesId: id } : { point };
    }
  } catch (cause) {
    throw lmdbFailure('read', environment.path, cause);
  } finally {
    frame.close();
  }
}
