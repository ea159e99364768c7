import type { SlotEntries } from '../model/entries.ts';
import type { KnownKey } from '../model/key/index.ts';
import { type CommitTable, timeOfPut } from './apply-commit.ts';
import type { ChangeBatch, ChangeLog } from './change-log.ts';
import type { Entries, Payload, PutOutcome } from './driver.ts';
import { WriteOrder } from './write-order.ts';

// A page is copied if a frame has it, so small ones cost a single write less.
const SLOT_BITS = 9;
const SLOTS = 1 << SLOT_BITS;
const LAST = SLOTS - 1;

/** The outcome for a point of a series that is stored and that no group owns. */
type ExpectedOutcome = Exclude<PutOutcome, 'added' | 'owned'>;

/** The series of some slots, in columns. */
interface Page extends Entries {
  readonly keys: string[];
  readonly payloads: Payload[];
  readonly times: number[];
  /** How each key is made up; see `KnownKey`. No frame needs it, so copies share it. */
  readonly forms: Uint16Array;
  /** The number of the last change of each series, or its 32 lowest bits; shared, too. */
  readonly changedAt: Uint32Array;
  /** How many frames had been opened when this page was made: none of the later ones has it. */
  readonly generation: number;
}

/**
 * The series in memory, and the log of their changes: columns in pages of dense slots, in no
 * particular order.
 *
 * A frame is the list of pages as they are. A page that a frame may have is copied before it
 * changes, so its reader may keep it.
 */
export class SeriesTable implements CommitTable {
  /** In which order series are written. */
  readonly order: WriteOrder = new WriteOrder();
  // Ended series leave no holes (the last one moves in), so memory follows the series, not their
  // peak.
  readonly #slots = new Map<string, number>();
  readonly #pages: Page[] = [];
  readonly #log: ChangeLog;
  readonly #expected: KnownKey = { key: '', form: 0 };
  #generation = 0;
  #layout: object = {};

  constructor(log: ChangeLog) {
    this.#log = log;
  }

  /** How many series there are; slots are numbered from 0 to one less. */
  get size(): number {
    return this.#slots.size;
  }

  /** The key in a slot. */
  keyAt(slot: number): string {
    return this.#pages[slot >> SLOT_BITS]!.keys[slot & LAST]!;
  }

  /** The time in a slot. */
  timeAt(slot: number): number {
    return this.#pages[slot >> SLOT_BITS]!.times[slot & LAST]!;
  }

  /** What is stored of a series that is about to be written. */
  get(key: string): { readonly payload: Payload; readonly time: number } | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    this.order.note(slot);
    const { payloads, times } = this.#pages[slot >> SLOT_BITS]!;
    return { payload: payloads[slot & LAST]!, time: times[slot & LAST]! };
  }

  /** Adds or replaces a series, and logs that it changed. */
  put(key: string, { payload, time }: { readonly payload: Payload; readonly time: number }): void {
    const known = this.#slots.get(key);
    const slot = known ?? this.#slots.size;
    if (known === undefined) this.#slots.set(key, slot);
    this.order.note(slot);
    const page = this.#ownPage(slot);
    const at = slot & LAST;
    if (known === undefined) {
      page.keys[at] = key;
      page.forms[at] = 0;
    }
    page.payloads[at] = payload;
    page.times[at] = time;
    page.changedAt[at] = this.#log.add(slot);
  }

  /** Notes that a call begins to write. */
  begin(): void {
    this.order.begin();
  }

  /**
   * The series that is expected to be written next; undefined if none is. The object is reused by
   * the next call. The caller sets its `form` once that is known, and `putExpected` keeps it.
   */
  expected(): KnownKey | undefined {
    const slot = this.order.next();
    if (slot >= this.#slots.size) return undefined;
    const { keys, forms } = this.#pages[slot >> SLOT_BITS]!;
    const known = this.#expected;
    known.key = keys[slot & LAST]!;
    known.form = forms[slot & LAST]!;
    return known;
  }

  /** Writes a plain number to that series without a commit, by the same rules. */
  putExpected(value: number, given: number, isTimeSupplied: boolean): ExpectedOutcome {
    const slot = this.order.next();
    this.order.follow(slot);
    const at = slot & LAST;
    const { payloads, times, forms } = this.#pages[slot >> SLOT_BITS]!;
    forms[at] = this.#expected.form;
    const before = times[at]!;
    const time = timeOfPut({ time: given, isTimeSupplied }, before);
    if (time < before) return 'older';
    if (time === before && Object.is(value, payloads[at])) return 'unchanged';
    const page = this.#ownPage(slot);
    page.payloads[at] = value;
    page.times[at] = time;
    page.changedAt[at] = this.#log.add(slot);
    return 'changed';
  }

  /** Ends a series that is there, and logs that it changed. The last one moves to its slot. */
  end(key: string): void {
    const slot = this.#slots.get(key)!;
    const last = this.#slots.size - 1;
    const lastPage = this.#ownPage(last);
    const moved = { key: lastPage.keys.pop()!, payload: lastPage.payloads.pop()! };
    const time = lastPage.times.pop()!;
    if (lastPage.keys.length === 0) this.#pages.pop();
    if (slot !== last) {
      const page = this.#ownPage(slot);
      const at = slot & LAST;
      page.keys[at] = moved.key;
      page.payloads[at] = moved.payload;
      page.times[at] = time;
      page.forms[at] = lastPage.forms[last & LAST]!;
      page.changedAt[at] = lastPage.changedAt[last & LAST]!;
      this.#log.replace(page.changedAt[at]!, slot);
      this.#slots.set(moved.key, slot);
    }
    this.#slots.delete(key);
    this.#layout = {};
    this.#log.add(key);
  }

  /** Lets go of all series and of their log; no cursor is good any more. */
  clear(): void {
    this.#slots.clear();
    this.#pages.length = 0;
    this.#layout = {};
    this.#log.clear();
  }

  /** All series as they are now. They stay so, whatever is written later. */
  frame(): Iterable<SlotEntries> {
    this.#generation++;
    return inSlots([...this.#pages], this.#layout);
  }

  /** What the series of some changes are now, each once: at its last change. */
  entriesOf({ changes, first }: ChangeBatch): SlotEntries {
    const keys: string[] = [];
    const payloads: (Payload | undefined)[] = [];
    const times: number[] = [];
    const slots = new Uint32Array(changes.length);
    const ended = new Set<string>();
    for (let i = 0; i < changes.length; i++) {
      const change = changes[i]!;
      if (typeof change === 'number') {
        const page = this.#pages[change >> SLOT_BITS];
        const at = change & LAST;
        // If it changed once more, or another series is there now, that is in the log, too.
        const isLast = change < this.#slots.size && page!.changedAt[at] === (first + i) >>> 0;
        if (!isLast) continue;
        slots[keys.length] = change;
        keys.push(page!.keys[at]!);
        payloads.push(page!.payloads[at]!);
        times.push(page!.times[at]!);
      } else if (!this.#slots.has(change) && !ended.has(change)) {
        ended.add(change);
        keys.push(change);
        payloads.push(undefined);
        times.push(0);
      }
    }
    return { keys, payloads, times, slots, layout: this.#layout };
  }

  /** The page of a slot, to be changed: no frame has it. */
  #ownPage(slot: number): Page {
    const number = slot >> SLOT_BITS;
    const page = this.#pages[number];
    if (page?.generation === this.#generation) return page;
    const { keys = [], payloads = [], times = [] } = page ?? {};
    const { forms = new Uint16Array(SLOTS), changedAt = new Uint32Array(SLOTS) } = page ?? {};
    const own: Page = {
      keys: keys.slice(),
      payloads: payloads.slice(),
      times: times.slice(),
      forms,
      changedAt,
      generation: this.#generation,
    };
    this.#pages[number] = own;
    return own;
  }
}

/** Pages with the numbers of their series. */
function* inSlots(pages: readonly Page[], layout: object): Generator<SlotEntries, void, undefined> {
  for (const [number, { keys, payloads, times }] of pages.entries()) {
    const slots = new Uint32Array(keys.length).map((_, at) => (number << SLOT_BITS) + at);
    yield { keys, payloads, times, slots, layout };
  }
}
