import { isLonger, PointAdmission } from '../model/admission.ts';
import { type Entries, NO_SLOT, type Payload, type SlotEntries } from '../model/entries.ts';
import {
  type FamilyCatalog,
  FamilyCataloguer,
  type FamilyMetadata,
  type FamilyType,
} from '../model/family-metadata.ts';
import { type KeyMatcher, type NameRange, nameOf, rangeOf } from '../model/key/index.ts';
import type { RejectionLog, RejectionReason } from '../model/rejection.ts';
import type { ReadOptions } from '../model/snapshot-reader.ts';
import { typeFault } from '../model/type-rules.ts';
import { Pace } from '../scheduling/pace.ts';
import { ChunkBuilder } from '../snapshot/chunk-builder.ts';
import type { ChunkMemory } from '../snapshot/chunk-memory.ts';
import { noWork, type RefreshWork } from '../snapshot/refresh-work.ts';
import { EMPTY_SNAPSHOT, type Snapshot } from '../snapshot/snapshot.ts';
import { type StagedFamily, Staging } from '../snapshot/staging.ts';
import type { RefreshKind } from './cache-stats.ts';
import { KnownLines } from './known-lines.ts';
import { LeftOutFamilies } from './left-out-families.ts';
import { type LineOrder, NO_LINE } from './line-order.ts';
import { forEachItem } from './source-items.ts';

/** What a run needs to know of the cache that it is for. */
export interface RunSettings {
  /** How long a slice may be, in ms. */
  readonly sliceBudget: number;
  /** The longest series id that is admitted, in bytes. */
  readonly maxSeriesBytes: number;
  /** Metadata that adds to the source's own. */
  readonly families: Iterable<FamilyMetadata>;
  /** What was read of frozen arrays of families: the same array is not read again. */
  readonly catalogs?: WeakMap<object, FamilyCatalog>;
  /** The clock, in Unix milliseconds. */
  readonly now: () => number;
  /** Where refused points are counted. */
  readonly rejections: RejectionLog;
  /** Which line of the snapshot before each position of the last full read was of. */
  readonly order?: LineOrder;
  /** By which numbers of series that is, if it is. */
  readonly layout?: object | undefined;
  /** What was left out of undeclared families since everything was read. */
  readonly leftOut?: LeftOutFamilies;
  /** What compares points with lines, as the runs before left it. */
  readonly matcher?: KeyMatcher;
  /** Where the texts of chunks are written. */
  readonly memory?: ChunkMemory;
}

/**
 * One reading of a source into staged changes. Everything that comes from outside passes through
 * here once, and is checked here.
 */
export class RefreshRun {
  /** What was read so far. */
  staging: Staging = new Staging();
  /** The families as the source and the settings declare them now. */
  catalog: FamilyCatalog = { byName: new Map(), faults: [] };
  /** Counters of the merge. */
  readonly work: RefreshWork = noWork();
  /** Makes the chunks of the next snapshot. */
  readonly builder: ChunkBuilder;
  /** What is said of the lines of the snapshot before. */
  known!: KnownLines;
  /** What was left out of undeclared families since everything was read. */
  leftOut: LeftOutFamilies;
  readonly pace: Pace;
  readonly readOptions: ReadOptions;
  readonly #settings: RunSettings;
  readonly #admission: PointAdmission;
  #previous: Snapshot = EMPTY_SNAPSHOT;
  #readKind: RefreshKind = 'full';
  #isBegun = false;
  #type: FamilyType | undefined;
  #family: StagedFamily | undefined;
  /** The keys of the family that points came for last. */
  #range: NameRange | undefined;

  constructor(settings: RunSettings, signal: AbortSignal) {
    this.#settings = settings;
    this.builder = new ChunkBuilder(this.work, settings.memory);
    const begun = settings.now();
    // What a point without a time says was true when the reading began.
    this.#admission = new PointAdmission({
      maxSeriesBytes: settings.maxSeriesBytes,
      maxPayloadBytes: Number.POSITIVE_INFINITY,
      now: () => begun,
      ...(settings.matcher !== undefined && { matcher: settings.matcher }),
    });
    this.leftOut = settings.leftOut ?? new LeftOutFamilies();
    this.pace = new Pace(settings.sliceBudget, signal);
    this.readOptions = { signal };
  }

  /**
   * Forgets what was staged: each read of a run begins with nothing.
   *
   * @param previous - the snapshot before.
   */
  restart(kind: RefreshKind, previous: Snapshot): void {
    this.staging = new Staging();
    this.#previous = previous;
    this.#readKind = kind;
    this.#isBegun = false;
    if (kind === 'full') this.leftOut = new LeftOutFamilies();
    this.#family = undefined;
    this.#range = undefined;
  }

  /** Takes what is declared of the families. */
  async takeFamilies(items: unknown): Promise<void> {
    const catalog = new FamilyCataloguer();
    let unchanging: object | undefined;
    if (Array.isArray(items) && Object.isFrozen(items)) unchanging = items;
    const known = unchanging && this.#settings.catalogs?.get(unchanging);
    if (known !== undefined) {
      this.catalog = known;
      return;
    }
    await forEachItem('families()', items, this.pace, (family) => {
      if (!Object.isFrozen(family)) unchanging = undefined;
      catalog.add(family);
    });
    await forEachItem('option families', this.#settings.families, this.pace, (family) => {
      catalog.add(family);
    });
    this.catalog = catalog;
    if (unchanging !== undefined) this.#settings.catalogs?.set(unchanging, catalog);
  }

  /** Is called when the families were taken: points are about to come, or there are none. */
  beginPoints(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const { order, layout } = this.#settings;
    const kind = this.#readKind;
    this.known = new KnownLines(this.#previous, {
      kind,
      order,
      layout,
      catalog: this.catalog,
      work: this.work,
    });
  }

  /** Takes a point as it is now; returns whether it was admitted. */
  takePoint(given: unknown): boolean {
    if (this.known.takeExpected(given, this.#admission)) return true;
    const reason = this.#take(given);
    if (reason !== undefined) this.reject(reason, this.#admission.subject(given));
    return reason === undefined;
  }

  /**
   * Takes a point of a delta. A refused one ends its series, as it would be missing from a full
   * refresh too: both kinds must lead to the same bytes.
   */
  takeChange(given: unknown): void {
    if (this.takePoint(given) || this.#admission.id === undefined) return;
    this.end(this.#admission.id);
  }

  /**
   * Takes some entries of a page, from one up to but without another. Their keys and payloads are
   * not checked again: only what this cache and the family's type ask for is.
   */
  takeEntries(page: Entries, first: number, end: number, isTyped: boolean): void {
    const slotted = 'slots' in page ? (page as SlotEntries) : undefined;
    if (slotted !== undefined) this.known.turnToSlots(slotted.layout);
    for (let at = first; at < end; at++) {
      const payload = page.payloads[at];
      if (slotted !== undefined) {
        const slot = slotted.slots[at]!;
        const isNumber = typeof payload === 'number';
        if (isNumber && this.known.takeSlot(slot, payload, page.times[at]!)) continue;
        const isNumbered = payload !== undefined && slot !== NO_SLOT;
        this.known.turnToSlot(isNumbered ? slot : undefined);
      }
      const key = page.keys[at]!;
      const family = this.#familyOfKey(key);
      if (payload === undefined) {
        this.#end(family, key);
        continue;
      }
      const reason = isLonger(key, this.maxSeriesBytes)
        ? 'series_too_long'
        : this.#put(family, key, payload, page.times[at]!, isTyped);
      if (reason !== undefined) {
        this.reject(reason, key.slice(0, 200));
        // As for a point of a delta.
        if (this.#readKind === 'delta') this.#end(family, key);
      }
    }
  }

  /** The longest series id that is admitted, in bytes. */
  get maxSeriesBytes(): number {
    return this.#settings.maxSeriesBytes;
  }

  /** Notes that a series ended. */
  end(id: string): void {
    this.#end(this.staging.family(nameOf(id)), id);
  }

  /** Takes the end of the series of a point. */
  takeEnd(given: unknown): void {
    if (this.#admission.identify(given)) this.end(this.#admission.id!);
    else this.reject(this.#admission.reason!, this.#admission.subject(given));
  }

  /** Counts what could not be taken. */
  reject(reason: RejectionReason, subject: string): void {
    this.#settings.rejections.add({ reason, subject, rejectedAt: this.#settings.now() });
  }

  /** Stages a point; returns why it is rejected. */
  #take(given: unknown): RejectionReason | undefined {
    const admission = this.#admission;
    if (!admission.admit(given)) return admission.reason;
    if (!admission.isTrusted) this.work.pointsIdentified++;
    const family = this.#familyOf(admission.name);
    const { text, updatedAt } = admission;
    const id = admission.id!;
    // Apart, so that V8 needs no object for a number.
    return text === undefined
      ? this.#put(family, id, admission.value, updatedAt)
      : this.#put(family, id, text, updatedAt);
  }

  /** Stages an admitted point of the latest family, unless its type forbids the point. */
  #put(
    family: StagedFamily,
    key: string,
    payload: Payload,
    time: number,
    isTyped: boolean = false,
  ): RejectionReason | undefined {
    const isJudged = isTyped && this.#type !== undefined;
    const reason = isJudged ? undefined : typeFault(this.#type ?? 'gauge', key, payload);
    if (reason !== undefined) {
      if (this.#type === undefined) this.leftOut.add(family.name);
      return reason;
    }
    if (!this.known.take(family.name, key, payload, time)) {
      family.put(key, payload, time);
      family.positions.push(this.known.position);
      this.known.note(NO_LINE);
    }
    return undefined;
  }

  #end(family: StagedFamily, key: string): void {
    this.known.stop();
    family.end(key);
    family.positions.push(this.known.position);
    this.known.note(NO_LINE);
  }

  #familyOfKey(key: string): StagedFamily {
    const family = this.#family;
    const range = this.#range;
    if (family !== undefined && range !== undefined) {
      if (key.startsWith(range.start) || key === range.bare) return family;
    }
    const name = nameOf(key);
    const next = this.#familyOf(name);
    this.#range = rangeOf(name);
    return next;
  }

  #familyOf(name: string): StagedFamily {
    // Points of one family mostly follow each other.
    let family = this.#family;
    if (family === undefined || family.name !== name) {
      family = this.staging.family(name);
      this.#family = family;
      this.#range = undefined;
      this.#type = this.catalog.byName.get(name)?.type;
    }
    return family;
  }
}
