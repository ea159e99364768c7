import { setImmediate } from 'node:timers';

/**
 * How long answers hold the event loop together before it turns, in ms. Node accepts one connection in
 * each turn: if all of 500 clients were answered in each, the last of them would be accepted after
 * 125 000 answers.
 */
const TURN_BUDGET_MS = 1;

/** So many answers may go on before the list of those that wait is cut at its front. */
const MOST_GONE_ON = 1024;

/**
 * Shares the event loop between answers: those that are worked on in one turn take no longer than a budget
 * together, and the rest waits for its turn in order. While there is time, no answer waits.
 */
export class AnswerTurns {
  readonly #budget: number;
  readonly #now: () => number;
  /** Answers that wait for the next turn, in order; those before `#next` have gone on. */
  #waiting: (() => void)[] = [];
  #next = 0;
  /** When answers began to be worked on in this turn; undefined if none was. */
  #began: number | undefined;

  /**
   * @param budget - how long the answers of one turn may take together, in ms.
   * @param now - a monotonic clock, in ms.
   */
  constructor(budget: number = TURN_BUDGET_MS, now: () => number = () => performance.now()) {
    this.#budget = budget;
    this.#now = now;
  }

  /** Whether an answer that begins has to wait: time is over, or others came before it. */
  isTaken(): boolean {
    return this.isOver() || this.#next < this.#waiting.length;
  }

  /** Whether an answer has to rest. It reads a clock: ask for each part, not for each line. */
  isOver(): boolean {
    const now = this.#now();
    if (this.#began !== undefined) return now - this.#began >= this.#budget;
    this.#began = now;
    setImmediate(() => this.#begin());
    return false;
  }

  /** Waits for a turn, behind all that wait already. Only after {@link isTaken} or {@link isOver}. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The loop has turned: sockets and timers have had their time. */
  #begin(): void {
    this.#began = undefined;
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
