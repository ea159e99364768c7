import { setImmediate } from 'node:timers/promises';

/** Work that yields wherever others may run in between. */
export type SlicedWork<T> = Generator<void, T, undefined>;

/**
 * Runs work in slices, one piece of work after the other.
 *
 * The first slice runs before `run` returns, if nothing is under way; so short work is done by
 * then.
 */
export class WorkQueue {
  #last: Promise<unknown> | undefined;

  /** Whether work is under way that others have to wait for. */
  get isBusy(): boolean {
    return this.#last !== undefined;
  }

  /** Runs work; settles as it returns or throws. */
  async run<T>(work: SlicedWork<T>): Promise<T> {
    if (this.#last === undefined) {
      const first = work.next();
      if (first.done === true) return first.value;
    }
    const rest = finish(work, this.#last);
    const settled = rest.then(
      () => undefined,
      () => undefined,
    );
    this.#last = settled;
    try {
      return await rest;
    } finally {
      if (this.#last === settled) this.#last = undefined;
    }
  }
}

async function finish<T>(work: SlicedWork<T>, before: Promise<unknown> | undefined): Promise<T> {
  await before;
  for (;;) {
    await setImmediate();
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
