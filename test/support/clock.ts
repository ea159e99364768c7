/** A clock that stands still until it is moved. */
export class Clock {
  /** To be handed over as the option `now`. */
  readonly now: () => number = () => this.#time;
  #time: number;

  constructor(time = 1_700_000_000_000) {
    this.#time = time;
  }

  /** Moves the clock on, or back. */
  advance(ms: number): void {
    this.#time += ms;
  }
}
