/** Stands for no slot. */
const NONE = -1;

/**
 * Remembers which series was written after which. A writer mostly names the same series in the same
 * order each time, so the series that followed last time is expected to follow again. Several
 * writers may take turns: the series of each still follow one another.
 *
 * Costs nothing if series are written in the order of their slots, else four bytes for each slot.
 * An expectation may be wrong at any time, so the caller compares keys.
 */
export class WriteOrder {
  /** How many expected series were written. */
  predicted = 0;
  #at = NONE;
  #first = 0;
  // One more than the slot behind each slot; 0 for the next one.
  #behind = new Uint32Array(0);

  /** A call begins to write. */
  begin(): void {
    this.#at = NONE;
  }

  /** The slot that is expected to be written next; there may be no such slot. */
  next(): number {
    const at = this.#at;
    if (at === NONE) return this.#first;
    const behind = at < this.#behind.length ? this.#behind[at]! : 0;
    return behind === 0 ? at + 1 : behind - 1;
  }

  /** Goes on behind the slot that was expected. */
  follow(slot: number): void {
    this.#at = slot;
    this.predicted++;
  }

  /** Notes which slot was written next. */
  note(slot: number): void {
    const at = this.#at;
    this.#at = slot;
    if (at === slot) return;
    if (at === NONE) {
      this.#first = slot;
      return;
    }
    const behind = slot === at + 1 ? 0 : slot + 1;
    if (at >= this.#behind.length) {
      if (behind === 0) return;
      const longer = new Uint32Array(Math.max(64, Math.ceil(at * 1.25)) + 1);
      longer.set(this.#behind);
      this.#behind = longer;
    }
    this.#behind[at] = behind;
  }
}
