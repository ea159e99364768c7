import type { Payload } from '../model/entries.ts';
import { compareKeys } from '../model/key/index.ts';
import type { Pace } from '../scheduling/pace.ts';
import { tailOf } from './payload-text.ts';
import type { StagedFamily } from './staging.ts';
import { textOrder } from './text-order.ts';

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

  /** The series id of a change. */
  id(place: number): string {
    return this.#staged.ids[this.#order[place]!]!;
  }

  /** The payload of a change if that is a text; undefined for a plain number and an end. */
  text(place: number): string | undefined {
    return this.#staged.texts?.[this.#order[place]!];
  }

  /** The value of a change that is a plain number. */
  value(place: number): number {
    return this.#staged.values[this.#order[place]!]!;
  }

  /** What stands behind the value of a change. */
  tail(place: number): string | undefined {
    const text = this.text(place);
    return text === undefined ? undefined : tailOf(text);
  }

  /** The position in the read of the point that a change is of. */
  position(place: number): number {
    return this.#staged.positions[this.#order[place]!]!;
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
      if (compareKeys(this.id(middle), id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** All of a change; the payload is meaningless for the end of a series. */
  at(place: number): { readonly id: string; readonly payload: Payload; readonly time: number } {
    const payload = this.text(place) ?? this.value(place);
    return { id: this.id(place), payload, time: this.time(place) };
  }
}

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
  if (staged.isSorted) {
    return new ChangeList(
      staged,
      new Uint32Array(count).map((_, i) => i),
      count,
    );
  }
  // Changes to one series stay in the order in which they were said.
  const { order, hasEqual } = await textOrder(staged.ids, pace);
  const length = hasEqual
    ? await dropDuplicates({ order, staged, policy, onDuplicate }, pace)
    : count;
  return new ChangeList(staged, order, length);
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
    if ((i & 1023) === 0 && pace.shouldYield()) await pace.yield();
  }
  return kept;
}
