import { randomUUID } from 'node:crypto';

/** The changes between a cursor and now, or as many of them as one batch holds. */
export interface ChangeBatch {
  /**
   * The ids of the series that changed, each once, in the order of their last change in the batch.
   */
  readonly ids: readonly string[];
  /** The cursor after these changes. */
  readonly nextCursor: string;
  /** Whether more changes follow. */
  readonly more: boolean;
}

/**
 * Remembers which series changed, in order, for as many changes as it has room for.
 *
 * It holds ids only: what a series is now is read from the store, so a change costs one reference.
 * Cursors are `<epoch>:<number of changes>`; the epoch is random, so that another log's cursor, or
 * one from before a restart, is never taken for one of this log's.
 */
export class ChangeLog {
  readonly #epoch: string = randomUUID();
  readonly #room: number;
  // A ring that grows to `room` entries: change number n stands at n modulo room.
  readonly #ids: string[] = [];
  #count = 0;

  /**
   * @param room - how many changes are remembered.
   */
  constructor(room: number) {
    this.#room = room;
  }

  /** The cursor of now. */
  get cursor(): string {
    return this.#cursorAt(this.#count);
  }

  /** Notes that a series changed. */
  add(id: string): void {
    this.#ids[this.#count % this.#room] = id;
    this.#count++;
  }

  /**
   * The changes since a cursor; undefined when that is not a cursor of this log or is too old.
   *
   * @param most - the most changes in one batch, before those of the same series are joined.
   */
  since(cursor: unknown, most: number): ChangeBatch | undefined {
    const from = this.#read(cursor);
    if (from === undefined) return undefined;
    const to = Math.min(this.#count, from + most);
    const ids = new Set<string>();
    // Backwards, so that the first sight of a series is its last change.
    for (let at = to - 1; at >= from; at--) ids.add(this.#ids[at % this.#room]!);
    return {
      ids: [...ids].reverse(),
      nextCursor: this.#cursorAt(to),
      more: to < this.#count,
    };
  }

  #read(cursor: unknown): number | undefined {
    if (typeof cursor !== 'string') return undefined;
    const at = Number(cursor.slice(this.#epoch.length + 1));
    // Written back and compared, so that nothing but the very text of a cursor is one.
    if (!Number.isSafeInteger(at) || cursor !== this.#cursorAt(at)) return undefined;
    return at <= this.#count && at >= this.#count - this.#ids.length ? at : undefined;
  }

  #cursorAt(count: number): string {
    return `${this.#epoch}:${count}`;
  }
}
