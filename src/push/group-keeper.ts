import { SnapscrapeError } from '../model/errors.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import { MOST_GROUP_SERIES } from '../stores/group-input.ts';
import type { MetricStore } from '../stores/metric-store.ts';
import type { Group, GroupIndex } from './group-index.ts';
import { declaredFamilies } from './group-loading.ts';
import type { GroupLabels } from './group-path.ts';
import type { GroupSettings } from './group-settings.ts';
import { OWN_FAMILIES } from './own-families.ts';
import { type PreparedFamily, PUSH_FAILURE_TIME, PUSH_TIME, timePoints } from './prepared-push.ts';
import { InconsistentPush, PushError } from './pushed-families.ts';
import { storedLabels } from './stored-labels.ts';

/** When a group was pushed to, and when a push failed last, in Unix ms; 0 for never. */
export interface GroupTimes {
  readonly pushedAt: number;
  readonly failedAt: number;
}

/** What is written of a group. */
export interface GroupContent {
  /** Whether it is all of the group, or only the families that it names. */
  readonly scope: 'group' | 'families';
  readonly pushed: readonly PreparedFamily[];
  readonly families: readonly FamilyMetadata[];
  readonly times: GroupTimes;
  /** When the group ends, in Unix ms; undefined for never. */
  readonly expiresAt: number | undefined;
}

/** The families that tell of groups themselves. */
const TIME_FAMILIES: readonly FamilyMetadata[] = [PUSH_TIME, PUSH_FAILURE_TIME].map((name) => {
  const { type, help } = OWN_FAMILIES.get(name)!;
  return { name, type, help };
});

/** Why a store refuses a push, by the codes of its errors. */
const STORE_REFUSALS: ReadonlySet<string> = new Set([
  'invalid_point',
  'invalid_options',
  'series_owned',
  'store_full',
]);

/** No family has this name. */
const PROBE = 'snapscrape_probe';

/** How many families that no group has any more keep their metadata in a store of others, too. */
const MOST_LEFT = 1000;

/** Keeps groups in a store, and declares their families there as long as any group has them. */
export class GroupKeeper {
  readonly #store: MetricStore;
  /** The families as the store has them. */
  readonly #declared = new Map<string, FamilyMetadata>();
  /** Families that the store did not know before a group had them. */
  readonly #news = new Set<string>();
  /** Those of them that no group has any more, and others may have. */
  readonly #left = new Set<string>();
  /** Those that could not be ended. */
  readonly #untidy = new Set<string>();
  readonly #settings: GroupSettings;

  constructor(store: MetricStore, settings: GroupSettings) {
    this.#store = store;
    this.#settings = settings;
  }

  /** Notes that the store declares families. */
  note(families: Iterable<FamilyMetadata>): void {
    for (const family of families) this.#declared.set(family.name, family);
  }

  /**
   * Writes a group, or some families of it.
   *
   * @param at - the time of the write, in Unix ms.
   * @throws InconsistentPush if the store refuses it, and what else the store throws.
   */
  async write(
    { labels, families: known }: Pick<Group, 'labels' | 'families'>,
    content: GroupContent,
    at: number,
  ): Promise<void> {
    const { scope, pushed, times, expiresAt } = content;
    const points = [...pushed.flatMap((family) => family.points), ...timePoints(labels, times, at)];
    const families = this.#newsOf([...content.families, ...TIME_FAMILIES]);
    // A push has fewer, but a group that was imported may have more, and then stays as large.
    let series = 0;
    for (const keys of known.values()) series += keys.length;
    const most = Math.max(MOST_GROUP_SERIES, series, points.length);
    const options = { scope, families, expiresAt, maxSeries: most + TIME_FAMILIES.length };
    await this.#written(this.#store.replace(storedLabels(labels), points, options));
    for (const { name } of families) if (!this.#declared.has(name)) this.#news.add(name);
    this.note(families);
  }

  /**
   * Checks families that no group of an index has against what others have written to the store.
   *
   * @throws InconsistentPush if others have given one another type.
   */
  async checkOthers(all: readonly PreparedFamily[], index: GroupIndex): Promise<void> {
    const pushed = all.filter(({ name }) => index.family(name) === undefined);
    if (pushed.length === 0) return;
    const families = await declaredFamilies(this.#store);
    this.#declared.clear();
    this.note(families);
    const typeOf = (name: string): string | undefined => this.#declared.get(name)?.type;
    const other = pushed.filter(({ name, type }) => (typeOf(name) ?? type) !== type);
    if (other.length === 0) return;
    // The type may change only if no series of the family is left. Reads all series; rarely needed.
    const byName = new Map(other.map((family) => [family.name, family]));
    for await (const { name } of await this.#store.snapshot()) {
      const family = byName.get(name);
      if (family === undefined) continue;
      const what = `collected metric ${JSON.stringify(name)} is not a ${typeOf(name)}`;
      throw new InconsistentPush('type', what, family.lines[0]);
    }
  }

  /** Ends a group, if it is there. */
  async end(group: GroupLabels): Promise<void> {
    await this.#written(this.#store.endGroup(storedLabels(group)));
  }

  /** Ends the groups that are due at a time, in Unix ms. */
  async endDue(now: number): Promise<void> {
    await this.#written(this.#store.gc(now));
  }

  /** Writes nothing that counts, to see whether the store can be written. */
  async probe(): Promise<void> {
    await this.#written(this.#store.deleteFamilies([PROBE]));
  }

  /**
   * Ends the metadata of families that no group has any more. In a shared store others may need it.
   * Never rejects: what fails is logged, and tried again after the next write.
   *
   * @param names - of families that may not be used any more.
   */
  async tidy(isUsed: (name: string) => boolean, names: Iterable<string>): Promise<void> {
    const { isShared, log, onUntidy } = this.#settings;
    const all = new Set([...names, ...this.#untidy]);
    try {
      await (isShared ? this.#endLeft(isUsed, all) : this.endUnused(isUsed, all));
      for (const name of all) this.#untidy.delete(name);
    } catch (error) {
      onUntidy?.();
      if (this.#untidy.size === 0) {
        const { message, code } = Object(error) as Partial<SnapscrapeError>;
        log.warn('storage', 'Metadata of ended families is left', { err: message, code });
      }
      for (const name of all) if (!isUsed(name)) this.#untidy.add(name);
    }
  }

  /** Ends the metadata of the families among some that nothing uses. Default: among all. */
  async endUnused(
    isUsed: (name: string) => boolean,
    names: Iterable<string> = this.#declared.keys(),
  ): Promise<void> {
    const unused = [...names].filter(
      (name) => (this.#declared.has(name) || this.#untidy.has(name)) && !isUsed(name),
    );
    if (unused.length === 0) return;
    // At once, so that a push which comes now declares them again, behind this.
    for (const name of unused) {
      this.#declared.delete(name);
      this.#news.delete(name);
    }
    await this.#written(this.#store.deleteFamilies(unused));
  }

  async #written(write: Promise<unknown>): Promise<void> {
    try {
      await write;
    } catch (error) {
      const refusal = refusalOf(error);
      if (!(refusal instanceof InconsistentPush)) this.#settings.onWrite?.(error);
      throw refusal;
    }
    this.#settings.onWrite?.();
  }

  /**
   * Ends the metadata of families that came with groups, that no group has any more, and of which
   * no other writer has series. That takes a look at all series, so it waits until there are many.
   */
  async #endLeft(isUsed: (name: string) => boolean, names: Iterable<string>): Promise<void> {
    for (const name of names) if (this.#news.has(name) && !isUsed(name)) this.#left.add(name);
    if (this.#left.size < MOST_LEFT) return;
    const left = new Set(this.#left);
    this.#left.clear();
    const unused = new Set(left);
    try {
      for await (const { name } of await this.#store.snapshot()) unused.delete(name);
      await this.endUnused(isUsed, unused);
    } catch (error) {
      for (const name of left) this.#left.add(name);
      throw error;
    }
  }

  /** The families that the store does not have as they are given. */
  #newsOf(families: readonly FamilyMetadata[]): readonly FamilyMetadata[] {
    return families.filter(({ name, type, help }) => {
      const known = this.#declared.get(name);
      return known?.type !== type || known.help !== help;
    });
  }
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof SnapscrapeError) || !STORE_REFUSALS.has(error.code)) return error;
  const { reason, subject } = Object(error.cause) as { reason?: string; subject?: string };
  if (error.code === 'store_full' && reason === undefined) {
    return new PushError(507, 'store_full', 'the store has no room; free some, or give it more');
  }
  const what = subject === undefined ? error.code : `${subject}: ${reason}`;
  const remedy =
    reason === 'series_limit' ? '; push to another group, end some, or raise the limit' : '';
  return new InconsistentPush(reason ?? error.code, `the store refuses ${what}${remedy}`);
}
