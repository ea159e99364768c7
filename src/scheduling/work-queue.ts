import { setImmediate } from 'node:timers/promises';
import type { Awaitable } from '../model/snapshot-reader.ts';

/** A promise to wait for, or nothing to let others run in between. */
type Pause = PromiseLike<unknown> | undefined;

/** Work that yields at pauses, and is given what each promise came to. */
export type Work<T> = Generator<Pause, T, unknown>;

/** Whether something is a promise, which has to be waited for. */
export function isPromise<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/** Goes on with a value: at once, unless it is a promise. */
export function after<T, U>(value: Awaitable<T>, next: (value: T) => U): Awaitable<U> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** The part of some work that waits for a value, if that is a promise. */
export function* settled<T>(value: Awaitable<T>): Work<T> {
  return isPromise(value) ? ((yield value) as T) : value;
}

/**
 * Runs work; settles as it returns or throws. What it does before it yields is done before this
 * returns.
 */
export async function runWork<T>(
  work: Work<T>,
  begun: IteratorResult<Pause, T> = work.next(),
): Promise<T> {
  let step = begun;
  while (step.done !== true) {
    const [outcome] = await Promise.allSettled([step.value ?? setImmediate()]);
    step = outcome.status === 'fulfilled' ? work.next(outcome.value) : work.throw(outcome.reason);
  }
  return step.value;
}

/**
 * Runs one piece of work after the other, in the order in which it was given.
 *
 * If nothing is under way, what the work does before it yields is done before `run` returns. Work
 * that itself gives other work is under way, so the other work runs after it.
 */
export class WorkQueue {
  #last: Promise<unknown> | undefined;
  #isBeginning = false;
  // Ends the wait of what was given while other work began.
  #release: ((end: Promise<unknown> | undefined) => void) | undefined;

  /** Runs work when all that was given before is done; settles as it returns or throws. */
  async run<T>(work: Work<T>): Promise<T> {
    // Made only if it is needed: most work gives no other, and is done when it has begun.
    if (this.#isBeginning) this.#last ??= new Promise((resolve) => (this.#release = resolve));
    const before = this.#last;
    if (before !== undefined) return await this.#keep(before.then(() => runWork(work)));
    let rest: Promise<T> | undefined;
    this.#isBeginning = true;
    try {
      const begun = work.next();
      if (begun.done === true) return begun.value;
      rest = runWork(work, begun);
    } finally {
      this.#isBeginning = false;
      this.#release?.(rest?.catch(() => undefined));
      this.#release = undefined;
    }
    return await (this.#last === undefined ? this.#keep(rest) : rest);
  }

  /** Makes what is given later wait for work. */
  async #keep<T>(rest: Promise<T>): Promise<T> {
    const last = rest.then(
      () => undefined,
      () => undefined,
    );
    this.#last = last;
    try {
      return await rest;
    } finally {
      if (this.#last === last) this.#last = undefined;
    }
  }
}
