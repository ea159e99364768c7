import { createHash } from 'node:crypto';
import { rangeOf } from '../../model/key/index.ts';
import type { Lifetimes } from '../driver.ts';
import type { DataSet, PartitionChange } from './data-set.ts';
import { type Layout, numbersBetween } from './layout.ts';
import { countOf, optionalTextsOf, textOf } from './replies.ts';
import { newToken } from './token.ts';
import { MARK, SWEEP } from './upkeep-scripts.ts';

type Place = Omit<PartitionChange, 'script' | 'buckets' | 'args'>;

// As many series as a script looks at in about a millisecond, and ends in a few.
const SLICE = 500;
// Of longer ids fewer: what a script looks at is copied.
const SLICE_BYTES = 262_144;
const MARKS_PER_READ = 256;

/**
 * Ends series beyond their retention, in any process and as often as one likes.
 *
 * For each bucket the store knows the oldest time written since the last sweep, and when the first
 * of what that sweep left comes to its end. So only buckets are looked at in which something may
 * have come to its end: each about once in the shortest retention.
 */
export class Expiry {
  readonly #dataSet: DataSet;
  readonly #lifetimes: Lifetimes;
  readonly #args: readonly string[];
  readonly #name: string;

  constructor(dataSet: DataSet, lifetimes: Lifetimes) {
    this.#dataSet = dataSet;
    this.#lifetimes = lifetimes;
    const byFamily = [...lifetimes.byFamily];
    this.#args = byFamily.flatMap(([name, life]) => {
      const { bare, start } = rangeOf(name);
      return [bare, start, lifetime(life)];
    });
    const terms = byFamily.flatMap(([name, life]) => [name, lifetime(life)]);
    // What a sweep leaves behind is of use to sweeps with the same retentions only.
    this.#name = createHash('sha1')
      .update([lifetime(lifetimes.general), ...terms].join(' '))
      .digest('hex')
      .slice(0, 12);
  }

  /** Sweeps once; returns how many series were ended. */
  async run(now: number): Promise<number> {
    if (this.#lifetimes.shortest === Number.POSITIVE_INFINITY) return 0;
    const layout = await this.#dataSet.layout('gc');
    let ended = 0;
    for (let partition = 0; partition < layout.partitions; partition++) {
      const { due, areMarksLost } = await this.#dueBuckets(partition, layout, now);
      const place: Place = { method: 'gc', layout, partition, whenAbsent: 'leave' };
      if (due.length === 0) continue;
      const { series, idBytes } = await this.#dataSet.head('gc', partition);
      const fitting = Math.floor((SLICE_BYTES * Math.max(1, series)) / Math.max(1, idBytes));
      const slice = Math.max(1, Math.min(SLICE, fitting));
      for (const bucket of due) ended += await this.#sweepBucket(place, bucket, now, slice);
      if (areMarksLost) {
        await this.#dataSet.change({ ...place, script: MARK, buckets: [], args: [] });
      }
    }
    return ended;
  }

  /** Which buckets to look at: all of them where it is not known what earlier sweeps have seen. */
  async #dueBuckets(
    partition: number,
    { buckets }: Layout,
    now: number,
  ): Promise<{ readonly due: readonly number[]; readonly areMarksLost: boolean }> {
    const { marks } = this.#dataSet.keys.partition(partition);
    const due: number[] = [];
    let areMarksLost = false;
    for (let from = 0; from < buckets; from += MARKS_PER_READ) {
      const numbers = numbersBetween(from, Math.min(from + MARKS_PER_READ, buckets));
      const fields = numbers.flatMap((number) => [`l${number}`, `d${number}`]).concat('k');
      const reply = await this.#dataSet.calls.read('gc', marks, ['HMGET', marks, ...fields]);
      const found = optionalTextsOf(reply, fields.length);
      areMarksLost ||= found.at(-1) === undefined;
      for (const [i, number] of numbers.entries()) {
        if (areMarksLost || this.#isDue(found[2 * i], found[2 * i + 1], now)) due.push(number);
      }
    }
    return { due, areMarksLost };
  }

  #isDue(oldest: string | undefined, left: string | undefined, now: number): boolean {
    // A mark that is not a number says nothing: the bucket is due.
    if (oldest !== undefined && !(now - Number(oldest) <= this.#lifetimes.shortest)) return true;
    if (left === undefined) return false;
    const [name, end] = left.split(':');
    if (name !== this.#name) return true;
    // Not later than the script would have it, whose sum is rounded.
    return end !== '' && !(now < Number(end));
  }

  async #sweepBucket(place: Place, bucket: number, now: number, slice: number): Promise<number> {
    const token = newToken();
    let ended = 0;
    let earliest = '';
    const general = lifetime(this.#lifetimes.general);
    for (let from = '0'; ; ) {
      const where = [String(bucket), from, String(slice), earliest, this.#name, token];
      const args = [String(now), general, ...where, ...this.#args];
      const reply = await this.#dataSet.change({
        ...place,
        script: SWEEP,
        buckets: [bucket],
        args,
      });
      if (reply === undefined) return ended;
      from = textOf(reply[1]);
      ended += countOf(reply[2]);
      earliest = textOf(reply[3]);
      if (from === '0') return ended;
    }
  }
}

function lifetime(ms: number): string {
  return ms === Number.POSITIVE_INFINITY ? '' : String(ms);
}
