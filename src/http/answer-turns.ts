import { setImmediate } from 'node:timers';

/**
 * How long responses may hold the event loop together before it turns, in ms, while clients
 * connect. Node accepts one connection in each turn. If 500 clients got responses in each, Node
 * would accept the last of them after 125 000 responses.
 */
const CONNECTING_MS = 1;

/** The same for the later parts of long responses while no client connects, in ms. */
const SETTLED_MS = 10;

/** For how many turns after the first request of a connection more connections are expected. */
const CONNECTING_TURNS = 10;

/** How many responses go on before the list of those that wait is cut at its front. */
const MOST_GONE_ON = 1024;

/**
 * Shares the event loop between responses and clients that connect. While clients connect, the
 * responses of one turn take no longer than a budget together; the others wait in order. At other
 * times only the later parts of long responses wait: requests that wait survive garbage
 * collections, which costs processor time.
 */
export class AnswerTurns {
  readonly #budget: number;
  readonly #now: () => number;
  /** The connections that have had a request. */
  readonly #known = new WeakSet<object>();
  /** For how many turns more clients are expected to connect. */
  #connecting = 0;
  /** Responses that wait for the next turn, in order; those before `#next` have gone on. */
  #waiting: (() => void)[] = [];
  #next = 0;
  /** When the first response of this turn began; undefined if there is none. */
  #began: number | undefined;

  /**
   * @param budget - how long the responses of one turn may take together while clients connect, in
   *   ms.
   * @param now - a monotonic clock, in ms.
   */
  constructor(budget: number = CONNECTING_MS, now: () => number = () => performance.now()) {
    this.#budget = budget;
    this.#now = now;
  }

  /**
   * Whether a response that begins has to wait: clients connect, and time is over or others wait
   * already.
   *
   * @param connection - what its request came through, if that is known.
   */
  isTaken(connection: object | undefined): boolean {
    if (connection !== undefined && !this.#known.has(connection)) {
      this.#known.add(connection);
      this.#connecting = CONNECTING_TURNS;
    }
    return this.#connecting > 0 && (this.isOver() || this.#next < this.#waiting.length);
  }

  /** Whether a response has to yield. It reads a clock: ask for each part, not for each line. */
  isOver(): boolean {
    const now = this.#now();
    if (this.#began !== undefined) {
      return now - this.#began >= (this.#connecting > 0 ? this.#budget : SETTLED_MS);
    }
    this.#began = now;
    setImmediate(() => this.#begin());
    return false;
  }

  /**
   * Waits for a turn, behind all that wait already. Only after {@link isTaken} or {@link isOver}.
   */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The loop has turned: sockets and timers have had their time. */
  #begin(): void {
    this.#began = undefined;
    if (this.#connecting > 0) this.#connecting--;
    if (this.#next < this.#waiting.length) this.#goOn();
    else this.#forget();
  }

  /** Lets the first one go on, and the next one after all that it does at a stretch. */
  #goOn(): void {
    if (this.#next >= this.#waiting.length) {
      this.#forget();
      return;
    }
    if (this.isOver()) return;
    this.#waiting[this.#next++]!();
    if (this.#next >= MOST_GONE_ON) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    // A tick that a microtask asks for comes after all microtasks.
    queueMicrotask(() => process.nextTick(() => this.#goOn()));
  }

  #forget(): void {
    this.#waiting = [];
    this.#next = 0;
  }
}

/** The turns of this process: all handlers share its event loop. */
export const answerTurns: AnswerTurns = new AnswerTurns();
