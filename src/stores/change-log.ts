import { randomUUID } from 'node:crypto';

/** The slot of a series that changed, or the key of one that ended. */
export type LoggedChange = number | string;

/** The changes between a cursor and now, or as many of them as one batch holds. */
export interface ChangeBatch {
  /** What changed, oldest first; a series may be there more than once. */
  readonly changes: readonly LoggedChange[];
  /** The number of the first of them; those behind it follow. */
  readonly first: number;
  /** The cursor after these changes. */
  readonly nextCursor: string;
  /** Whether more changes follow. */
  readonly more: boolean;
}

/**
 * Remembers which series changed, in order, for as many changes as it has room for.
 *
 * What a series is now is read from the store, so a change costs one number.
 * Cursors are `<epoch>:<number of changes>`; the epoch is random, so that another log's cursor, or
 * one from before a restart, is never taken for one of this log's.
 */
export class ChangeLog {
  readonly #epoch: string = randomUUID();
  readonly #room: number;
  // A ring that grows to `room` entries: change number n stands at n modulo room.
  readonly #changes: LoggedChange[] = [];
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

  /** Notes a change; returns its number. */
  add(change: LoggedChange): number {
    this.#changes[this.#count % this.#room] = change;
    return this.#count++;
  }

  /** Forgets all changes. */
  clear(): void {
    this.#changes.length = 0;
  }

  /**
   * Replaces a change, unless it is forgotten.
   *
   * @param number - its number, or the 32 lowest bits of that.
   */
  replace(number: number, change: LoggedChange): void {
    const back = (this.#count - number) >>> 0;
    if (back <= this.#changes.length) this.#changes[(this.#count - back) % this.#room] = change;
  }

  /**
   * The changes since a cursor; undefined when that is not a cursor of this log or is too old.
   *
   * @param most - the most changes in one batch.
   */
  since(cursor: unknown, most: number): ChangeBatch | undefined {
    const from = this.#read(cursor);
    if (from === undefined) return undefined;
    const to = Math.min(this.#count, from + most);
    const start = from % this.#room;
    const end = start + to - from;
    const changes = this.#changes.slice(start, end);
    // The ring begins again at its end.
    if (end > this.#room) changes.push(...this.#changes.slice(0, end - this.#room));
    return {
      changes,
      first: from,
      nextCursor: this.#cursorAt(to),
      more: to < this.#count,
    };
  }

  #read(cursor: unknown): number | undefined {
    if (typeof cursor !== 'string') return undefined;
    const at = Number(cursor.slice(this.#epoch.length + 1));
    // Written back and compared, so that nothing but the very text of a cursor is one.
    if (!Number.isSafeInteger(at) || cursor !== this.#cursorAt(at)) return undefined;
    return at <= this.#count && at >= this.#count - this.#changes.length ? at : undefined;
  }

  #cursorAt(count: number): string {
    return `${this.#epoch}:${count}`;
  }
}
