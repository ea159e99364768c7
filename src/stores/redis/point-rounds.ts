import type { WriteOutcome } from '../upsert-tally.ts';
import type { DataSet } from './data-set.ts';
import { bucketOf, hashOf, type Layout, partitionOf } from './layout.ts';
import { UPSERT } from './partition-scripts.ts';
import { textOf, unexpectedReply } from './replies.ts';
import type { SeriesBudget } from './series-budget.ts';
import { formatSample } from './stored-sample.ts';

// As many samples as a script writes in one or two ms.
const FULL_CALL = 500;
// A round is some calls: the more samples it has, the more of them are of the same bucket, and a
// command of the script reads or writes all of these (a third of the cost of a write:
// bench/stores).
const FULL_ROUND = 4_000;
const FULL_BYTES = 2_097_152;
const CALL_BYTES = 524_288;

/** One sample on its way. */
interface PendingSample {
  readonly id: string;
  readonly text: string;
  readonly partition: number;
  readonly bucket: number;
}

/** What is written by one run of the script. */
interface UpsertCall {
  readonly partition: number;
  readonly samples: readonly PendingSample[];
}

/** What became of a sample; undefined when its series would be one too many. */
export type OnWritten = (id: string, outcome: WriteOutcome | undefined) => void;

const OUTCOMES: Readonly<Record<string, WriteOutcome>> = {
  a: 'added',
  c: 'changed',
  u: 'unchanged',
  o: 'older',
};

/**
 * Points on their way into the store: collected in rounds, each written while the next is
 * collected.
 */
export class PointRounds {
  readonly #dataSet: DataSet;
  readonly #layout: Layout;
  readonly #budget: SeriesBudget;
  readonly #onWritten: OnWritten;
  #round: PendingSample[] = [];
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(dataSet: DataSet, layout: Layout, budget: SeriesBudget, onWritten: OnWritten) {
    this.#dataSet = dataSet;
    this.#layout = layout;
    this.#budget = budget;
    this.#onWritten = onWritten;
  }

  /**
   * Takes an admitted point; returns whether the round is full.
   *
   * @param isTimeOurs - whether the time is the store's own, and so never older than the stored
   * one.
   */
  add(id: string, value: number, updatedAt: number, isTimeOurs: boolean): boolean {
    const hash = hashOf(id);
    const text = formatSample(value, updatedAt);
    this.#round.push({
      id,
      text: isTimeOurs ? `=${text}` : text,
      partition: partitionOf(hash, this.#layout),
      bucket: bucketOf(hash, this.#layout),
    });
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

  async #writeRound(round: readonly PendingSample[]): Promise<void> {
    const limit = this.#budget.partitionLimit(this.#layout);
    let refused = await this.#writeAll(round, limit);
    if (refused.length === 0) return;
    if (!this.#budget.isShared(this.#layout)) {
      if (await this.#budget.findRoom(this.#layout)) refused = await this.#writeAll(refused, limit);
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

  /** Writes samples to their partitions; returns those for which there is no room. */
  async #writeAll(samples: readonly PendingSample[], most: number): Promise<PendingSample[]> {
    const byPartition = new Map<number, UpsertCall[]>();
    for (const call of callsFor(samples, this.#budget.isLimited)) {
      const calls = byPartition.get(call.partition);
      if (calls === undefined) byPartition.set(call.partition, [call]);
      else calls.push(call);
    }
    const writes = [...byPartition.values()].map((calls) => this.#writePartition(calls, most));
    const settled = await Promise.allSettled(writes);
    // All are waited for, so that nothing is written any more when the caller hears of the failure.
    const failed = settled.find((write) => write.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return settled.flatMap((write) => (write.status === 'fulfilled' ? write.value : []));
  }

  async #writePartition(calls: readonly UpsertCall[], most: number): Promise<PendingSample[]> {
    const refused: PendingSample[] = [];
    // One call after the other: what is written later must come later.
    for (const call of calls) refused.push(...(await this.#write(call, most)));
    return refused;
  }

  async #write({ partition, samples }: UpsertCall, most: number): Promise<PendingSample[]> {
    const { buckets, args } = upsertArguments(samples);
    const all = [String(most), ...buckets.map(String), ...args];
    const reply = await this.#dataSet.change('upsert', UPSERT, partition, buckets, all, 'make');
    const letters = textOf(reply?.[1]);
    // What is not acknowledged letter by letter is not acknowledged.
    if (letters.length !== samples.length || /[^acuof]/.test(letters)) throw unexpectedReply();
    return samples.filter(({ id }, i) => {
      const outcome = OUTCOMES[letters[i]!];
      if (outcome !== undefined) this.#onWritten(id, outcome);
      return outcome === undefined;
    });
  }
}

/**
 * Divides samples into calls, those of one bucket beside each other. Where the number of series is
 * limited their order stays as it is instead, so that the first ones get in.
 */
function callsFor(samples: readonly PendingSample[], keepsOrder: boolean): UpsertCall[] {
  const inOrder = [...samples];
  // Sorting is stable: samples of one series are of one bucket, and stay in their order.
  inOrder.sort((a, b) => a.partition - b.partition || (keepsOrder ? 0 : a.bucket - b.bucket));
  const calls: UpsertCall[] = [];
  let from = 0;
  let bytes = 0;
  for (let at = 0; at <= inOrder.length; at++) {
    const sample = inOrder[at];
    const isFull = at - from >= FULL_CALL || bytes >= CALL_BYTES;
    const { partition } = inOrder[from] ?? { partition: -1 };
    if (at > from && (isFull || sample?.partition !== partition)) {
      calls.push({ partition, samples: inOrder.slice(from, at) });
      from = at;
      bytes = 0;
    }
    bytes += sample?.id.length ?? 0;
  }
  return calls;
}

/**
 * The arguments of the script: the buckets that it touches, and the samples in runs of one bucket.
 */
function upsertArguments(samples: readonly PendingSample[]): { buckets: number[]; args: string[] } {
  const places = new Map<number, number>();
  const args: string[] = [];
  for (let from = 0; from < samples.length; ) {
    const { bucket } = samples[from]!;
    let to = from + 1;
    while (to < samples.length && samples[to]!.bucket === bucket) to++;
    let place = places.get(bucket);
    if (place === undefined) places.set(bucket, (place = places.size + 1));
    args.push(String(place), String(to - from));
    for (; from < to; from++) args.push(samples[from]!.id, samples[from]!.text);
  }
  return { buckets: [...places.keys()], args };
}
