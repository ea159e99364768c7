import { PointAdmission } from '../model/admission.ts';
import {
  type FamilyCatalog,
  FamilyCataloguer,
  type FamilyMetadata,
} from '../model/family-metadata.ts';
import type { RejectionLog, RejectionReason } from '../model/rejection.ts';
import type { ReadOptions } from '../model/snapshot-reader.ts';
import { Pace } from '../scheduling/pace.ts';
import type { SourceOrder } from '../snapshot/change-list.ts';
import { ChunkBuilder } from '../snapshot/chunk-builder.ts';
import { noWork, type RefreshWork } from '../snapshot/refresh-work.ts';
import { type StagedFamily, Staging } from '../snapshot/staging.ts';
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
  /** The orders in which the source's full snapshots came, by family; updated as they are read. */
  readonly orders?: Map<string, SourceOrder>;
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
  readonly builder: ChunkBuilder = new ChunkBuilder(this.work);
  /** The orders in which the source's full snapshots came, by family. */
  readonly orders: Map<string, SourceOrder>;
  readonly pace: Pace;
  readonly readOptions: ReadOptions;
  readonly #settings: RunSettings;
  readonly #admission: PointAdmission;
  #isCounter = false;
  #family: StagedFamily | undefined;

  constructor(settings: RunSettings, signal: AbortSignal) {
    this.#settings = settings;
    const begun = settings.now();
    // What a point without a time says was true when the reading began.
    this.#admission = new PointAdmission({ ...settings, now: () => begun });
    this.orders = settings.orders ?? new Map();
    this.pace = new Pace(settings.sliceBudget, signal);
    this.readOptions = { signal };
  }

  /** Forgets what was staged: each read of a run begins with nothing. */
  restart(): void {
    this.staging = new Staging();
    this.#family = undefined;
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

  /** Takes a point as it is now; returns whether it was admitted. */
  takePoint(given: unknown): boolean {
    const reason = this.#refusal(given);
    if (reason !== undefined) this.reject(reason, this.#admission.subject(given));
    return reason === undefined;
  }

  /**
   * Takes a point of a delta. A refused one ends its series, as it would be missing from a full
   * refresh too: both kinds must lead to the same bytes.
   */
  takeChange(given: unknown): void {
    if (this.takePoint(given) || this.#admission.id === undefined) return;
    this.staging.end(this.#admission.id);
  }

  /** The longest series id that is admitted, in bytes. */
  get maxSeriesBytes(): number {
    return this.#settings.maxSeriesBytes;
  }

  /** Takes the end of the series of a point. */
  takeEnd(given: unknown): void {
    if (this.#admission.identify(given)) this.staging.end(this.#admission.id!);
    else this.reject(this.#admission.reason!, this.#admission.subject(given));
  }

  /** Counts what could not be taken. */
  reject(reason: RejectionReason, subject: string): void {
    this.#settings.rejections.add({ reason, subject, rejectedAt: this.#settings.now() });
  }

  #refusal(given: unknown): RejectionReason | undefined {
    const admission = this.#admission;
    if (!admission.admit(given)) return admission.reason;
    const family = this.#familyOf(admission.name);
    // OpenMetrics 1.0.0, Counter: a total is neither negative nor NaN.
    if (this.#isCounter && !(admission.value >= 0)) return 'invalid_counter_value';
    family.put(admission.id!, admission.value, admission.updatedAt);
    return undefined;
  }

  #familyOf(name: string): StagedFamily {
    // Points of one family mostly follow each other.
    let family = this.#family;
    if (family === undefined || family.name !== name) {
      family = this.staging.family(name);
      this.#family = family;
      this.#isCounter = this.catalog.byName.get(name)?.type === 'counter';
    }
    return family;
  }
}
