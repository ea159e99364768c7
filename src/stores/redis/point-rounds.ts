import type { Layout } from './layout.ts';
import { changeOf, type Outcome, type SeriesChange } from './series-changes.ts';
import type { SeriesWriter } from './series-writer.ts';
import { formatSample } from './stored-sample.ts';

// A round is some calls: the more samples it has, the more of them are of the same bucket, and a
// command of the script reads or writes all of these (a third of the cost of a write:
// bench/stores).
const FULL_ROUND = 4_000;
const FULL_BYTES = 2_097_152;

/**
 * Points on their way into the store: collected in rounds, each written while the next is
 * collected.
 */
export class PointRounds {
  readonly #writer: SeriesWriter;
  readonly #layout: Layout;
  readonly #onWritten: (id: string, outcome: Outcome) => void;
  #round: SeriesChange[] = [];
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();

  /** @param onWritten - is called with what became of each point. */
  constructor(
    writer: SeriesWriter,
    layout: Layout,
    onWritten: (id: string, outcome: Outcome) => void,
  ) {
    this.#writer = writer;
    this.#layout = layout;
    this.#onWritten = onWritten;
  }

  /**
   * Takes an admitted point; returns whether the round is full.
   *
   * @param isTimeOurs - whether the time is the store's own, and so never older than the stored
   * one.
   */
  add(id: string, value: number, updatedAt: number, isTimeOurs: boolean): boolean {
    const text = formatSample(value, updatedAt);
    this.#round.push(changeOf(id, isTimeOurs ? `=${text}` : text, this.#layout));
    this.#bytes += id.length;
    return this.#round.length >= FULL_ROUND || this.#bytes >= FULL_BYTES;
  }

  /** Begins to write the round, after the one before. Rejects when that could not be written. */
  async write(): Promise<void> {
    await this.#writing;
    const round = this.#round;
    this.#round = [];
    this.#bytes = 0;
    this.#writing = this.#writeRound(round);
    // It is awaited later; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }

  /** Writes what is left, and waits until all is acknowledged. */
  async finish(): Promise<void> {
    await this.write();
    await this.#writing;
  }

  async #writeRound(round: readonly SeriesChange[]): Promise<void> {
    await this.#writer.write(round, this.#layout);
    for (const { id, outcome } of round) this.#onWritten(id, outcome!);
  }
}
