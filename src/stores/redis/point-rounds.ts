import type { WriteOutcome } from '../upsert-tally.ts';
import type { DataSet } from './data-set.ts';
import { bucketOf, hashOf, type Layout, partitionOf } from './layout.ts';
import { UPSERT } from './partition-scripts.ts';
import { textOf } from './replies.ts';
import type { SeriesBudget } from './series-budget.ts';
import { formatSample } from './stored-sample.ts';

// As many samples as a script writes in one or two ms, and as many bytes as it takes in at once.
const FULL_CALL = 500;
const FULL_BYTES = 524_288;
// A round fills the calls to a few partitions; the more it has, the longer the budget of a cluster waits.
const MOST_CALLS = 8;

/** One sample on its way. */
export interface PendingSample {
  readonly id: string;
  readonly text: string;
  readonly hash: number;
}

/** What became of a sample; undefined when its series would be one too many. */
export type OnWritten = (id: string, outcome: WriteOutcome | undefined) => void;

const OUTCOMES: Readonly<Record<string, WriteOutcome>> = {
  a: 'added',
  c: 'changed',
  u: 'unchanged',
  o: 'older',
};

/** Points on their way into the store: collected in rounds, each written while the next is collected. */
export class PointRounds {
  readonly #dataSet: DataSet;
  readonly #layout: Layout;
  readonly #budget: SeriesBudget;
  readonly #onWritten: OnWritten;
  readonly #full: number;
  #round: PendingSample[] = [];
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(dataSet: DataSet, layout: Layout, budget: SeriesBudget, onWritten: OnWritten) {
    this.#dataSet = dataSet;
    this.#layout = layout;
    this.#budget = budget;
    this.#onWritten = onWritten;
    this.#full = FULL_CALL * Math.min(layout.partitions, MOST_CALLS);
  }

  /** Takes an admitted point; answers whether the round is full. */
  add(id: string, value: number, updatedAt: number): boolean {
    this.#round.push({ id, text: formatSample(value, updatedAt), hash: hashOf(id) });
    this.#bytes += id.length;
    return this.#round.length >= this.#full || this.#bytes >= FULL_BYTES;
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

  async #writeRound(round: readonly PendingSample[]): Promise<void> {
    const refused = await this.#writeAll(round, this.#budget.partitionLimit(this.#layout));
    if (refused.length === 0) return;
    if (!this.#budget.isShared(this.#layout)) {
      for (const { id } of refused) this.#onWritten(id, undefined);
      return;
    }
    // What is new has to wait for its turn; in the order given, so that the first ones get in.
    const unwritten = new Set(refused);
    const inOrder = round.filter((sample) => unwritten.has(sample));
    await this.#budget.spend(this.#layout, async (room) => {
      const chosen = new Set<string>();
      for (const { id } of inOrder) if (chosen.size < room) chosen.add(id);
      await this.#writeAll(
        inOrder.filter(({ id }) => chosen.has(id)),
        Number.MAX_VALUE,
      );
      for (const { id } of inOrder) if (!chosen.has(id)) this.#onWritten(id, undefined);
    });
  }

  /** Writes samples to their partitions; answers with those for which there is no room. */
  async #writeAll(samples: readonly PendingSample[], most: number): Promise<PendingSample[]> {
    const byPartition = new Map<number, PendingSample[]>();
    for (const sample of samples) {
      const partition = partitionOf(sample.hash, this.#layout);
      const list = byPartition.get(partition);
      if (list === undefined) byPartition.set(partition, [sample]);
      else list.push(sample);
    }
    const writes = [...byPartition].map(([partition, list]) =>
      this.#writePartition(partition, list, most),
    );
    const settled = await Promise.allSettled(writes);
    // All are waited for, so that nothing is written any more when the caller hears of the failure.
    const failed = settled.find((write) => write.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return settled.flatMap((write) => (write.status === 'fulfilled' ? write.value : []));
  }

  async #writePartition(
    partition: number,
    samples: readonly PendingSample[],
    most: number,
  ): Promise<PendingSample[]> {
    const refused: PendingSample[] = [];
    // One call after the other: what is written later must come later.
    for (let from = 0; from < samples.length; from += FULL_CALL) {
      refused.push(...(await this.#call(partition, samples.slice(from, from + FULL_CALL), most)));
    }
    return refused;
  }

  async #call(
    partition: number,
    samples: readonly PendingSample[],
    most: number,
  ): Promise<PendingSample[]> {
    const places = new Map<number, number>();
    const args: string[] = [];
    for (const { id, text, hash } of samples) {
      const bucket = bucketOf(hash, this.#layout);
      let place = places.get(bucket);
      if (place === undefined) places.set(bucket, (place = places.size + 1));
      args.push(String(place), id, text);
    }
    const buckets = [...places.keys()];
    const all = [String(most), ...buckets.map(String), ...args];
    const reply = await this.#dataSet.change('upsert', UPSERT, partition, buckets, all, 'make');
    const letters = textOf(reply?.[1]);
    return samples.filter(({ id }, i) => {
      const outcome = OUTCOMES[letters[i]!];
      if (outcome !== undefined) this.#onWritten(id, outcome);
      return outcome === undefined;
    });
  }
}
