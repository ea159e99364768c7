import { abortedError, onAbort } from '../cache/wait.ts';

/**
 * Work that several wait for at the same time, ended when the last of them has gone: nobody can keep a
 * processor busy by asking for something long and leaving.
 */
export class SharedRun<T> {
  readonly #ending = new AbortController();
  readonly #result: Promise<T>;
  #waiting = 0;
  #isWanted = false;

  /** @param work - begins the work, which ends when its signal is aborted. */
  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#result = work(this.#ending.signal);
    // Those who wait are told.
    this.#result.catch(() => undefined);
  }

  /** Whether the work was given up; whoever comes now must begin anew. */
  get isGivenUp(): boolean {
    return this.#ending.signal.aborted;
  }

  /** Calls back when the work fails or is given up. */
  failed(callback: () => void): void {
    this.#result.catch(callback);
  }

  /**
   * Waits for the result. Rejects with `aborted` when the signal is; the work goes on for the others, and
   * for whoever waits without a signal.
   */
  async wait(signal: AbortSignal | undefined): Promise<T> {
    if (signal === undefined) {
      this.#isWanted = true;
      return this.#result;
    }
    if (signal.aborted) throw abortedError(signal.reason);
    this.#waiting++;
    let stay: (() => void) | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        stay = onAbort(signal, () => reject(abortedError(signal.reason)));
        this.#result.then(resolve, reject);
      });
    } finally {
      stay?.();
      this.#waiting--;
      if (signal.aborted && this.#waiting === 0 && !this.#isWanted) {
        this.#ending.abort(abortedError(signal.reason));
      }
    }
  }
}
