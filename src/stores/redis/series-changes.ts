import type { DataSet } from './data-set.ts';
import { bucketOf, hashOf, type Layout, partitionOf } from './layout.ts';
import type { RedisScript } from './redis-script.ts';
import { textOf, unexpectedReply } from './replies.ts';

// As many series as a script writes or ends in one or two ms, of ids as long as usual, and so many
// bytes of longer ones.
const FULL_CALL = 500;
const CALL_BYTES = 524_288;

/** A change of a series on its way. */
export interface SeriesChange {
  readonly id: string;
  /** The text of its sample; empty for its end. */
  readonly text: string;
  readonly partition: number;
  readonly bucket: number;
  /** What became of it when it was sent: the letter that `WRITE` returns for it. */
  outcome: string;
}

/** How changes are sent. */
export interface ChangePlan {
  /** The store's method that they are for. */
  readonly method: string;
  /** `WRITE`, or `END` if all of them are ends. */
  readonly script: RedisScript;
  /** What the changes were placed by. */
  readonly layout: Layout;
  /** The most series that a partition may have. */
  readonly most: number;
  /** Whether new series come in the order given, so that the first ones get in. */
  readonly keepsOrder: boolean;
}

/** Places a change of a series. */
export function changeOf(id: string, text: string, layout: Layout): SeriesChange {
  const hash = hashOf(id);
  const [partition, bucket] = [partitionOf(hash, layout), bucketOf(hash, layout)];
  return { id, text, partition, bucket, outcome: '' };
}

/**
 * Sends changes to their partitions, all partitions at once, and notes what became of each. All
 * calls are waited for, so that nothing is written any more when it rejects.
 */
export async function sendChanges(
  dataSet: DataSet,
  changes: readonly SeriesChange[],
  plan: ChangePlan,
): Promise<void> {
  const byPartition = new Map<number, SeriesChange[][]>();
  for (const call of callsFor(changes, plan.keepsOrder)) {
    const { partition } = call[0]!;
    const calls = byPartition.get(partition);
    if (calls === undefined) byPartition.set(partition, [call]);
    else calls.push(call);
  }
  const sendAll = async (calls: readonly SeriesChange[][]): Promise<void> => {
    // One call after the other: what is written later must come later.
    for (const call of calls) await sendCall(dataSet, call, plan);
  };
  const settled = await Promise.allSettled([...byPartition.values()].map(sendAll));
  const failed = settled.find((sent) => sent.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function sendCall(
  dataSet: DataSet,
  call: readonly SeriesChange[],
  { most, ...plan }: ChangePlan,
): Promise<void> {
  const { buckets, runs } = runsOf(call);
  const args = [String(most), ...buckets.map(String), ...runs];
  const whenAbsent = call.every(({ text }) => text === '') ? 'leave' : 'make';
  const { partition } = call[0]!;
  const reply = await dataSet.change({ ...plan, partition, buckets, args, whenAbsent });
  const letters = reply === undefined ? 'n'.repeat(call.length) : textOf(reply[1]);
  // What is not acknowledged letter by letter is not acknowledged.
  if (letters.length !== call.length || /[^acuofenw]/.test(letters)) throw unexpectedReply();
  for (const [i, change] of call.entries()) change.outcome = letters[i]!;
}

/**
 * Divides changes into calls, those of one bucket beside each other where their order is free: the
 * more of them a command of the script reads or writes, the less it costs (bench/stores).
 */
function callsFor(changes: readonly SeriesChange[], keepsOrder: boolean): SeriesChange[][] {
  // Sorting is stable: changes of one series are of one bucket, and stay in their order.
  const inOrder = [...changes].sort(
    (a, b) => a.partition - b.partition || (keepsOrder ? 0 : a.bucket - b.bucket),
  );
  const calls: SeriesChange[][] = [];
  let call: SeriesChange[] = [];
  let bytes = 0;
  for (const change of inOrder) {
    const isFull = call.length >= FULL_CALL || bytes >= CALL_BYTES;
    if (isFull || call[0]?.partition !== change.partition) {
      calls.push((call = []));
      bytes = 0;
    }
    call.push(change);
    bytes += change.id.length + change.text.length;
  }
  return calls;
}

/** The buckets that a call touches, and its changes in runs of one bucket. */
export function runsOf(call: readonly SeriesChange[]): { buckets: number[]; runs: string[] } {
  const places = new Map<number, number>();
  const runs: string[] = [];
  for (let from = 0; from < call.length; ) {
    const { bucket } = call[from]!;
    let to = from + 1;
    while (to < call.length && call[to]!.bucket === bucket) to++;
    let place = places.get(bucket);
    if (place === undefined) places.set(bucket, (place = places.size + 1));
    runs.push(String(place), String(to - from));
    for (; from < to; from++) runs.push(call[from]!.id, call[from]!.text);
  }
  return { buckets: [...places.keys()], runs };
}
