import type { Payload } from '../model/entries.ts';
import { compareKeys } from '../model/key/index.ts';

// Stands for a time where a series ended.
const ENDED = Number.NEGATIVE_INFINITY;

/**
 * The changes of one family in the order in which they were said: parallel arrays rather than an
 * object for each change.
 */
export class StagedFamily {
  /** The metric name. */
  readonly name: string;
  /** Series ids. */
  readonly ids: string[] = [];
  /** Values of plain numbers; meaningless for a text and for the end of a series. */
  readonly values: number[] = [];
  /** Payloads that are texts, at their places; undefined while there are none. */
  texts: (string | undefined)[] | undefined;
  /** Times in Unix milliseconds. Times from outside are finite, so -Infinity can mean the end. */
  readonly times: number[] = [];
  /** The positions in the read at which they were said; empty where that is of no use. */
  readonly positions: number[] = [];
  /** Whether each id so far came after the one before it. */
  isSorted = true;

  constructor(name: string) {
    this.name = name;
  }

  /** Notes what a series is now. */
  put(id: string, payload: Payload, updatedAt: number): void {
    const { ids } = this;
    // Most stores answer in series order: noticing that spares the sort.
    if (this.isSorted && ids.length > 0 && compareKeys(ids[ids.length - 1]!, id) >= 0) {
      this.isSorted = false;
    }
    ids.push(id);
    if (typeof payload === 'number') this.values.push(payload);
    else {
      // Apart from the numbers, which would be an object each in an array of both.
      this.texts ??= [];
      this.texts[this.values.length] = payload;
      this.values.push(Number.NaN);
    }
    this.times.push(updatedAt);
  }

  /** Notes that a series ended. */
  end(id: string): void {
    this.put(id, 0, ENDED);
  }
}

/** Tells whether a time in a staged family means the end of its series. */
export function isEnd(time: number): boolean {
  return time === ENDED;
}

/** The changes of one refresh, by family. */
export class Staging {
  readonly #byName = new Map<string, StagedFamily>();

  /** The changes of a family, begun where there are none. */
  family(name: string): StagedFamily {
    let family = this.#byName.get(name);
    if (family === undefined) {
      family = new StagedFamily(name);
      this.#byName.set(name, family);
    }
    return family;
  }

  /** The families with changes, in the order in which they were first named. */
  families(): readonly StagedFamily[] {
    return [...this.#byName.values()];
  }
}
