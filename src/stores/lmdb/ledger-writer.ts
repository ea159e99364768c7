import type { WriteOutcome } from '../upsert-tally.ts';
import { ChangeRecords } from './change-records.ts';
import type { Environment } from './environment.ts';
import { idChecksum, type LedgerState } from './ledger-state.ts';
import { pageOf, placeOf, SampleWriter, SLOTS_PER_PAGE } from './sample-pages.ts';
import { SeriesIndex } from './series-index.ts';

const GAP = Buffer.alloc(1);
// Each write removes twice as much of the log as it adds, until only what there is room for is
// left.
const LEAST_TRIMMED = 4;

/** What is written to a series. */
export interface WrittenSample {
  readonly value: number;
  /** In Unix milliseconds. */
  readonly updatedAt: number;
  /** Whether the time is this store's own clock's, since the point had none. */
  readonly isSupplied: boolean;
}

/**
 * Changes series within one write transaction: `begin`, any number of changes, `finish`. Index,
 * samples and log change together or, when anything throws, not at all.
 */
export class LedgerWriter {
  readonly #environment: Environment;
  readonly #index: SeriesIndex;
  readonly #samples: SampleWriter;
  readonly #changes: ChangeRecords;
  #changed: string[] = [];
  #state: LedgerState = { sequence: 0, oldest: 0, series: 0, slots: 0, idSum: 0 };
  // Where the search for a free slot goes on; undefined when it must begin, and `none` when it is
  // over.
  #gap: number | 'none' | undefined;
  #gapFrom = 0;

  /** @param room - how many changes are remembered. */
  constructor(environment: Environment, room: number) {
    this.#environment = environment;
    this.#index = new SeriesIndex(environment.series);
    this.#samples = new SampleWriter(environment.samples);
    this.#changes = new ChangeRecords(environment.changes, room);
  }

  /** Begins with what the file is now. */
  begin(): void {
    this.#state = this.#environment.state.read();
    this.#samples.begin();
    this.#changed = [];
    this.#gap = undefined;
    this.#gapFrom = 0;
  }

  /**
   * Writes an admitted point; returns undefined, and does nothing, when its series would be one too
   * many.
   *
   * @param most - the most series that there may be.
   */
  write(id: string, point: WrittenSample, most: number): WriteOutcome | undefined {
    const slot = this.#index.slotOf(id);
    if (slot !== undefined) return this.#replace(id, slot, point);
    if (this.#state.series >= most) return undefined;
    const free = this.#takeSlot();
    this.#index.add(id, free);
    this.#samples.set(free, point.value, point.updatedAt);
    this.#state.series++;
    this.#state.idSum += idChecksum(id, free);
    this.#changed.push(id);
    return 'added';
  }

  /** Deletes a series if it is there and, if a predicate is given, its time fits. */
  delete(id: string, fits?: (updatedAt: number) => boolean): boolean {
    const slot = this.#index.slotOf(id);
    if (slot === undefined) return false;
    if (fits !== undefined && !fits(this.#samples.page(pageOf(slot))[placeOf(slot) + 1]!)) {
      return false;
    }
    this.#index.remove(id);
    this.#samples.free(slot);
    this.#environment.gaps.putSync(pageOf(slot), GAP);
    this.#gap = undefined; // The search must see this slot too.
    this.#gapFrom = 0;
    this.#state.series--;
    this.#state.idSum -= idChecksum(id, slot);
    this.#changed.push(id);
    return true;
  }

  /** Puts everything. */
  finish(): void {
    this.#samples.flush();
    if (this.#changed.length === 0) return;
    const state = this.#state;
    const { sequence, records } = this.#changes.append(this.#changed, state.sequence);
    state.sequence = sequence;
    state.oldest = this.#changes.trim(state.oldest, sequence, 2 * records + LEAST_TRIMMED);
    this.#environment.state.write(state);
  }

  #replace(
    id: string,
    slot: number,
    { value, updatedAt: at, isSupplied }: WrittenSample,
  ): WriteOutcome {
    const page = this.#samples.page(pageOf(slot));
    const place = placeOf(slot);
    const storedAt = page[place + 1]!;
    // The host's clock may have been set back since; what is written now is newer all the same.
    const updatedAt = isSupplied ? Math.max(at, storedAt) : at;
    if (updatedAt < storedAt) return 'older';
    if (updatedAt === storedAt && Object.is(value, page[place])) return 'unchanged';
    this.#samples.set(slot, value, updatedAt);
    this.#changed.push(id);
    return 'changed';
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
