import type { CommitTable, StoredSample } from '../apply-commit.ts';
import type { Payload } from '../driver.ts';
import { ChangeRecords } from './change-records.ts';
import type { Environment } from './environment.ts';
import { GroupWriter } from './group-records.ts';
import { idChecksum, type LedgerState } from './ledger-state.ts';
import { LOST_TEXT, pageOf, placeOf, SampleWriter, SLOTS_PER_PAGE } from './sample-pages.ts';
import { SeriesIndex } from './series-index.ts';
import { TextRecords } from './text-records.ts';

const GAP = Buffer.alloc(1);
// Each write removes twice as much of the log as it adds, until only what there is room for is
// left.
const LEAST_TRIMMED = 4;

/**
 * Changes series within one write transaction: `begin`, any number of changes, `finish`. Index,
 * samples and log change together or, when anything throws, not at all.
 */
export class LedgerWriter implements CommitTable {
  readonly #environment: Environment;
  readonly #index: SeriesIndex;
  readonly #samples: SampleWriter;
  readonly #changes: ChangeRecords;
  /** The groups, which own some of the series. */
  readonly groups: GroupWriter;
  #changed: string[] = [];
  #state: LedgerState = { sequence: 0, oldest: 0, series: 0, slots: 0, idSum: 0 };
  // Where the search for a free slot goes on; undefined when it must begin, and `none` when it is
  // over.
  #gap: number | 'none' | undefined;
  #gapFrom = 0;
  // The series that `get` found last: it is what is put or ended next.
  #foundKey: string | undefined;
  #foundSlot: number | undefined;
  // One object for all, which spares garbage for each point.
  readonly #found: { payload: Payload; time: number; group: string | undefined } = {
    payload: 0,
    time: 0,
    group: undefined,
  };

  /** @param room - how many changes are remembered. */
  constructor(environment: Environment, room: number) {
    this.#environment = environment;
    this.#index = new SeriesIndex(environment.series);
    this.#samples = new SampleWriter(environment.samples, new TextRecords(environment.texts));
    this.groups = new GroupWriter(environment);
    this.#changes = new ChangeRecords(environment.changes, room);
  }

  /** Begins with what the file is now. */
  begin(): void {
    this.#state = this.#environment.state.read();
    this.#samples.begin();
    this.groups.begin();
    this.#changed = [];
    this.#gap = undefined;
    this.#gapFrom = 0;
    this.#foundKey = undefined;
  }

  /** How many series there are. */
  get size(): number {
    return this.#state.series;
  }

  /** The stored sample, good until the next call; one that was lost is older than any other. */
  get(key: string): StoredSample | undefined {
    const slot = this.#slotOf(key);
    if (slot === undefined) return undefined;
    const time = this.#samples.page(pageOf(slot))[placeOf(slot) + 1]!;
    const payload = this.#samples.payload(slot);
    const isLost = Number.isNaN(time) || payload === LOST_TEXT;
    this.#found.payload = payload;
    this.#found.time = isLost ? Number.NEGATIVE_INFINITY : time;
    this.#found.group = this.groups.ownerOf(slot);
    return this.#found;
  }

  /** Stores a sample; a series that is not there is added. */
  put(key: string, { payload, time, group }: StoredSample): void {
    const known = this.#slotOf(key);
    const slot = known ?? this.#add(key);
    this.#samples.set(slot, payload, time);
    if (group !== undefined && known === undefined) this.groups.add(group, key, slot);
    this.#changed.push(key);
  }

  /** Ends a series if it is there. */
  end(key: string): void {
    const slot = this.#slotOf(key);
    if (slot === undefined) return;
    this.#index.remove(key);
    this.#samples.free(slot);
    this.groups.remove(key, slot);
    this.#environment.gaps.putSync(pageOf(slot), GAP);
    this.#gap = undefined; // The search must see this slot too.
    this.#gapFrom = 0;
    this.#foundKey = undefined;
    this.#state.series--;
    this.#state.idSum -= idChecksum(key, slot);
    this.#changed.push(key);
  }

  /** Puts everything. */
  finish(): void {
    this.#samples.flush();
    this.groups.flush();
    if (this.#changed.length === 0) return;
    const state = this.#state;
    const { sequence, records } = this.#changes.append(this.#changed, state.sequence);
    state.sequence = sequence;
    state.oldest = this.#changes.trim(state.oldest, sequence, 2 * records + LEAST_TRIMMED);
    this.#environment.state.write(state);
  }

  #slotOf(key: string): number | undefined {
    if (key !== this.#foundKey) {
      this.#foundSlot = this.#index.slotOf(key);
      this.#foundKey = key;
    }
    return this.#foundSlot;
  }

  #add(key: string): number {
    const slot = this.#takeSlot();
    this.#index.add(key, slot);
    this.#foundSlot = slot;
    this.#state.series++;
    this.#state.idSum += idChecksum(key, slot);
    return slot;
  }

  #takeSlot(): number {
    for (;;) {
      this.#gap ??= this.#firstGap();
      if (this.#gap === 'none') return this.#state.slots++;
      const page = this.#samples.page(this.#gap);
      const first = this.#gap * SLOTS_PER_PAGE;
      const last = Math.min(SLOTS_PER_PAGE, this.#state.slots - first);
      for (let place = this.#gapFrom; place < last; place++) {
        if (!Number.isNaN(page[2 * place + 1])) continue;
        this.#gapFrom = place + 1;
        return first + place;
      }
      this.#environment.gaps.removeSync(this.#gap);
      this.#gap = undefined;
      this.#gapFrom = 0;
    }
  }

  #firstGap(): number | 'none' {
    for (const gap of this.#environment.gaps.getKeys({ start: 0, limit: 1 })) return gap;
    return 'none';
  }
}
