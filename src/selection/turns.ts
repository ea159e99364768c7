import { Pace } from '../cache/pace.ts';

/**
 * Lets several pieces of sliced work go on side by side, one slice in each turn of the event loop: work
 * that rests by itself would hold the loop for a slice of each piece at a stretch.
 */
export class Turns {
  #isTaken = false;
  readonly #waiting: (() => void)[] = [];

  /** Waits for its turn; whoever came first is first. It must be given back. */
  take(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isTaken) this.#waiting.push(resolve);
      else {
        this.#isTaken = true;
        resolve();
      }
    });
  }

  /** Gives the turn to the next one. */
  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#isTaken = false;
    else next();
  }
}

/** A pace whose rests let others have their turn. It must have the turn when it works. */
export class TurnPace extends Pace {
  readonly #turns: Turns;

  /** @param signal - ends the work at its next rest, by throwing the signal's reason. */
  constructor(budget: number, turns: Turns, signal?: AbortSignal) {
    super(budget, signal);
    this.#turns = turns;
  }

  override async rest(): Promise<void> {
    this.end();
    this.#turns.give();
    await this.#turns.take();
    await this.restAfterWait();
  }
}
