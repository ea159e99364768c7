import { createHmac, randomBytes } from 'node:crypto';
import { BcryptThread } from './bcrypt-thread.ts';
import { RecentSet } from './recent-set.ts';

/**
 * What came of a password.
 *
 * - `right`, `wrong`: it was compared, now or lately.
 * - `busy`: it was not, because too many wait already, the thread failed, or the caller gave up.
 */
export type PasswordVerdict = 'right' | 'wrong' | 'busy';

/** A password to be compared with the hash of a user. */
export interface PasswordQuestion {
  readonly user: string;
  readonly hash: string;
  readonly password: string;
  /** Ends the wait of the caller. */
  readonly signal?: AbortSignal | undefined;
}

interface Comparison {
  readonly hash: string;
  readonly password: string;
  readonly verdict: Promise<PasswordVerdict>;
  readonly settle: (verdict: PasswordVerdict) => void;
  waiters: number;
  isStarted: boolean;
}

const MOST_REMEMBERED = 100;

/**
 * Compares passwords with their hashes, off the event loop and one at a time, since each takes a
 * processor for some tenths of a second.
 *
 * The last 100 right and the last 100 wrong ones are remembered, apart, so that guesses cannot
 * displace passwords that are right. What is remembered is an HMAC under a key of this object,
 * never a password. Equal questions share one comparison. A question that no request waits for any
 * more leaves the queue.
 */
export class PasswordChecker {
  readonly #mostWaiting: number;
  readonly #onError: (error: unknown) => void;
  readonly #thread = new BcryptThread();
  readonly #key = randomBytes(32);
  readonly #right = new RecentSet(MOST_REMEMBERED);
  readonly #wrong = new RecentSet(MOST_REMEMBERED);
  // In the order of their coming: the queue, with the one that is compared now.
  readonly #pending = new Map<string, Comparison>();
  #isRunning = false;

  /**
   * Makes a checker; its thread starts with the first password.
   *
   * @param mostWaiting - how many may wait, the one that is compared included.
   * @param onError - called if the thread fails.
   */
  constructor(mostWaiting: number, onError: (error: unknown) => void) {
    this.#mostWaiting = mostWaiting;
    this.#onError = onError;
  }

  /** Whether a password is right. Never rejects. */
  async check(question: PasswordQuestion): Promise<PasswordVerdict> {
    const { user, hash, password, signal } = question;
    const key = createHmac('sha256', this.#key)
      .update(JSON.stringify([user, hash, password]))
      .digest('base64');
    if (this.#right.has(key)) return 'right';
    if (this.#wrong.has(key)) return 'wrong';
    if (signal?.aborted === true) return 'busy';
    const comparison = this.#pending.get(key) ?? this.#enqueue(key, hash, password);
    return comparison === undefined ? 'busy' : this.#wait(key, comparison, signal);
  }

  /** Ends the thread. What waits is `busy`. */
  close(): void {
    this.#thread.close();
    for (const [key, comparison] of this.#pending) this.#finish(key, comparison, 'busy');
  }

  #enqueue(key: string, hash: string, password: string): Comparison | undefined {
    if (this.#pending.size >= this.#mostWaiting) return undefined;
    let settle: Comparison['settle'] = () => undefined;
    const verdict = new Promise<PasswordVerdict>((resolve) => {
      settle = resolve;
    });
    const comparison = { hash, password, verdict, settle, waiters: 0, isStarted: false };
    this.#pending.set(key, comparison);
    if (!this.#isRunning) void this.#run();
    return comparison;
  }

  async #wait(
    key: string,
    comparison: Comparison,
    signal: AbortSignal | undefined,
  ): Promise<PasswordVerdict> {
    comparison.waiters++;
    if (signal === undefined) return comparison.verdict;
    let giveUp = (): void => undefined;
    const givenUp = new Promise<PasswordVerdict>((resolve) => {
      giveUp = () => {
        comparison.waiters--;
        if (comparison.waiters === 0 && !comparison.isStarted) this.#pending.delete(key);
        resolve('busy');
      };
    });
    signal.addEventListener('abort', giveUp, { once: true });
    const verdict = await Promise.race([comparison.verdict, givenUp]);
    signal.removeEventListener('abort', giveUp);
    return verdict;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const [key, comparison] = next;
      comparison.isStarted = true;
      let verdict: PasswordVerdict = 'busy';
      try {
        const isSame = await this.#thread.compare(comparison.password, comparison.hash);
        verdict = isSame ? 'right' : 'wrong';
        (isSame ? this.#right : this.#wrong).add(key);
      } catch (error) {
        this.#onError(error);
      }
      this.#finish(key, comparison, verdict);
    }
    this.#isRunning = false;
  }

  #next(): [string, Comparison] | undefined {
    return this.#pending.entries().next().value;
  }

  #finish(key: string, comparison: Comparison, verdict: PasswordVerdict): void {
    this.#pending.delete(key);
    comparison.settle(verdict);
  }
}
