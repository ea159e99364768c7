/**
 * What stands behind the value of each line, by line: a timestamp, a start time, exemplars, as
 * OpenMetrics 2 writes them. At least one line has something.
 */
export type Tails = readonly (string | undefined)[];

/** Tails that may be of no line: undefined then, so that lines of plain values carry nothing. */
export function tailsOrNone(tails: Tails): Tails | undefined {
  return tails.some((tail) => tail !== undefined) ? tails : undefined;
}

/** How long tails are together, in bytes of UTF-8. */
export function tailBytes(tails: Tails | undefined): number {
  let bytes = 0;
  for (const tail of tails ?? []) if (tail !== undefined) bytes += Buffer.byteLength(tail);
  return bytes;
}

/** A copy that does not keep the text alive that a tail was cut from. */
export function ownText(tail: string): string {
  return Buffer.from(tail).toString();
}

/** Collects the tails of lines that are added one after the other; it costs nothing without any. */
export class TailColumn {
  /** How long those are that were collected, in UTF-16 units. */
  length = 0;
  #tails: (string | undefined)[] = [];
  #last = '';

  /** Gives a line a tail; lines come in order. */
  put(line: number, tail: string): void {
    // Many lines have the same one, such as a time at which all were measured.
    if (tail !== this.#last) this.#last = ownText(tail);
    this.#add(line, this.#last);
  }

  /** Gives lines from `line` on the tails that others have, from one up to but without another. */
  putRange(line: number, from: Tails, first: number, end: number): void {
    for (let i = first; i < end; i++) {
      const tail = from[i];
      if (tail !== undefined) this.#add(line + i - first, tail);
    }
  }

  /** Hands over the tails of some lines, undefined if there are none, and is empty again. */
  take(lines: number): Tails | undefined {
    if (this.#tails.length === 0) return undefined;
    const tails = this.#tails;
    while (tails.length < lines) tails.push(undefined);
    this.#tails = [];
    this.length = 0;
    return tails;
  }

  #add(line: number, tail: string): void {
    while (this.#tails.length < line) this.#tails.push(undefined);
    this.#tails.push(tail);
    this.length += tail.length;
  }
}
