import type { Pace } from './pace.ts';
import type { StagedFamily } from './staging.ts';

/** Which of several changes to one series counts. */
export type DuplicatePolicy =
  /** The one said last: a log of changes in order. */
  | 'last'
  /** The newest `updatedAt`, at a tie the one said last: a snapshot, which has no order. */
  | 'newest';

/** The changes of one family in series order, one for each series. */
export class ChangeList {
  /** How many there are. */
  readonly length: number;
  readonly #order: Uint32Array;
  readonly #staged: StagedFamily;

  /** @param order - which staged change stands at each place. */
  constructor(staged: StagedFamily, order: Uint32Array, length: number) {
    this.#staged = staged;
    this.#order = order;
    this.length = length;
  }

  /** The order that the changes were brought into, to be tried first the next time. */
  get order(): SourceOrder {
    return this.#order;
  }

  /** The series id of a change. */
  id(place: number): string {
    return this.#staged.ids[this.#order[place]!]!;
  }

  /** The value of a change; meaningless for the end of a series. */
  value(place: number): number {
    return this.#staged.values[this.#order[place]!]!;
  }

  /** The time of a change, or the mark of an end. */
  time(place: number): number {
    return this.#staged.times[this.#order[place]!]!;
  }

  /** The first place at or after `from` whose id does not come before an id: a binary search. */
  find(id: string, from: number): number {
    let low = from;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.id(middle) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** All of a change. */
  at(place: number): { readonly id: string; readonly value: number; readonly time: number } {
    return { id: this.id(place), value: this.value(place), time: this.time(place) };
  }
}

/** Which staged change stands at each place of a series order. */
export type SourceOrder = Uint32Array;

/**
 * The changes in an order that the same source had before, if they are in series order so: to look
 * costs a tenth of a sort, and sources that keep no order mostly keep their disorder
 * (bench/micro/sort.ts).
 */
export async function changesInOrder(
  staged: StagedFamily,
  order: SourceOrder,
  pace: Pace,
): Promise<ChangeList | undefined> {
  const { ids } = staged;
  if (order.length !== ids.length) return undefined;
  for (let i = 1; i < order.length; i++) {
    if (ids[order[i - 1]!]! >= ids[order[i]!]!) return undefined;
    if ((i & 1023) === 0 && pace.due()) await pace.rest();
  }
  return new ChangeList(staged, order, order.length);
}

/** How long a run is that is sorted without a rest: a millisecond's worth, if ids are not long. */
const RUN = 1024;

/**
 * Puts staged changes in series order and leaves one for each series, in slices.
 *
 * @param onDuplicate - called with the place of each change that lost to another one.
 */
export async function sortChanges(
  staged: StagedFamily,
  policy: DuplicatePolicy,
  pace: Pace,
  onDuplicate: (staged: StagedFamily, at: number) => void,
): Promise<ChangeList> {
  const count = staged.ids.length;
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  if (staged.isSorted) return new ChangeList(staged, order, count);
  order = await sortRuns(order, staged.ids, pace);
  const length = await dropDuplicates({ order, staged, policy, onDuplicate }, pace);
  return new ChangeList(staged, order, length);
}

/** Puts items into the order of their texts, in slices. */
export async function inTextOrder<T>(
  items: readonly T[],
  textOf: (item: T) => string,
  pace: Pace,
): Promise<readonly T[]> {
  const texts = items.map(textOf);
  const order = await sortRuns(
    new Uint32Array(items.length).map((_, i) => i),
    texts,
    pace,
  );
  return Array.from(order, (i) => items[i]!);
}

async function sortRuns(
  order: Uint32Array<ArrayBuffer>,
  ids: readonly string[],
  pace: Pace,
): Promise<Uint32Array<ArrayBuffer>> {
  // The place breaks ties, so that changes to one series stay in the order in which they were said.
  const byId = (a: number, b: number): number =>
    ids[a]! < ids[b]! ? -1 : ids[a]! > ids[b]! ? 1 : a - b;
  for (let start = 0; start < order.length; start += RUN) {
    const run = order.subarray(start, start + RUN);
    if (!isInOrder(run, byId)) run.sort(byId);
    if (pace.due()) await pace.rest();
  }
  let from = order;
  let to = new Uint32Array(order.length);
  for (let width = RUN; width < order.length; width *= 2) {
    for (let start = 0; start < order.length; start += width * 2) {
      await mergeRuns(from, to, [start, start + width, start + width * 2], byId, pace);
    }
    [from, to] = [to, from];
  }
  return from;
}

/** What is in order already is mostly in long stretches so; to see it costs a tenth of a sort. */
function isInOrder(run: Uint32Array, compare: (a: number, b: number) => number): boolean {
  for (let i = 1; i < run.length; i++) if (compare(run[i - 1]!, run[i]!) > 0) return false;
  return true;
}

async function mergeRuns(
  from: Uint32Array,
  to: Uint32Array,
  [start, middle, end]: readonly [number, number, number],
  compare: (a: number, b: number) => number,
  pace: Pace,
): Promise<void> {
  const leftEnd = Math.min(middle, from.length);
  const rightEnd = Math.min(end, from.length);
  let left = start;
  let right = leftEnd;
  for (let at = start; at < rightEnd; at++) {
    const takeLeft =
      left < leftEnd && (right >= rightEnd || compare(from[left]!, from[right]!) < 0);
    to[at] = takeLeft ? from[left++]! : from[right++]!;
    if ((at & 1023) === 0 && pace.due()) await pace.rest();
  }
}

interface DuplicateSearch {
  readonly order: Uint32Array;
  readonly staged: StagedFamily;
  readonly policy: DuplicatePolicy;
  readonly onDuplicate: (staged: StagedFamily, at: number) => void;
}

async function dropDuplicates(search: DuplicateSearch, pace: Pace): Promise<number> {
  const { order, staged, policy, onDuplicate } = search;
  const { ids, times } = staged;
  let kept = 0;
  for (let i = 0; i < order.length; i++) {
    const at = order[i]!;
    const before = kept === 0 ? -1 : order[kept - 1]!;
    if (before < 0 || ids[before] !== ids[at]) order[kept++] = at;
    else if (policy === 'last' || times[at]! >= times[before]!) {
      order[kept - 1] = at;
      onDuplicate(staged, before);
    } else onDuplicate(staged, at);
    if ((i & 1023) === 0 && pace.due()) await pace.rest();
  }
  return kept;
}
