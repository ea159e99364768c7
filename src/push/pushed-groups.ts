import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { MetricStore } from '../stores/metric-store.ts';
import { isStoreAway } from '../stores/store-away.ts';
import { logExpired } from './expiry-log.ts';
import { type Group, GroupIndex, type PushMode } from './group-index.ts';
import { GroupKeeper, type GroupTimes } from './group-keeper.ts';
import { assertGroups, loadGroups } from './group-loading.ts';
import type { GroupLabels } from './group-path.ts';
import type { GroupSettings } from './group-settings.ts';
import { type PreparedFamily, PUSH_FAILURE_TIME, PUSH_TIME, preparePush } from './prepared-push.ts';
import { groupLimitReached, InconsistentPush, type PushedFamilies } from './pushed-families.ts';
import { withValues } from './stored-labels.ts';
import { TouchedFamilies } from './touched-families.ts';
import { WriteQueue } from './write-queue.ts';
import { WritesUnderWay } from './writes-under-way.ts';

/** Until the groups are read, or read again, they are due at any time. */
const UNREAD = Number.NEGATIVE_INFINITY;

/**
 * The groups of a gateway: checks pushes, and keeps what they bring in a store. Writes begin in the
 * order in which they came. A write waits for those before it if it depends on what becomes of
 * them; if not, they are written together.
 */
export class PushedGroups {
  index: GroupIndex = new GroupIndex();
  /** How many writes have ended: another number is another state. */
  state = 0;
  readonly store: MetricStore;
  /** What was changed while a page is read. */
  readonly touched: TouchedFamilies = new TouchedFamilies();
  readonly #settings: GroupSettings;
  readonly #queue = new WriteQueue({
    isDue: () => this.isDue,
    run: () => (this.#nextEnd === UNREAD ? this.#load() : this.#endDue()).catch(this.#noteAway),
  });
  readonly #underWay = new WritesUnderWay();
  readonly #isShared: boolean;
  /** Writes to the store. */
  readonly keeper: GroupKeeper;
  /** When the next group ends, in Unix ms. */
  #nextEnd = UNREAD;

  private constructor(store: MetricStore, settings: GroupSettings) {
    this.store = store;
    this.#settings = settings;
    this.#isShared = settings.isShared === true;
    this.keeper = new GroupKeeper(store, settings);
  }

  /**
   * Reads which groups a store has, and ends the metadata that none of them needs. A shared store
   * may be away: then the next write or sweep tries again, and fails as long as it is.
   */
  static async open(store: MetricStore, settings: GroupSettings): Promise<PushedGroups> {
    const groups = new PushedGroups(store, settings);
    await groups.#load().catch((error: unknown) => {
      if (!(groups.#isShared && isStoreAway(error))) throw error;
    });
    return groups;
  }

  async #load(): Promise<void> {
    if (this.#isShared) await assertGroups(this.store);
    const { index, families } = await loadGroups(this.store);
    this.index = index;
    this.keeper.note(families);
    if (!this.#isShared) await this.keeper.endUnused(this.#isUsed);
    this.#nextEnd = Number.POSITIVE_INFINITY;
    for (const group of index.groups.values()) this.#endAt(group, group.expiresAt);
    this.state++;
  }

  /** Whether so many writes wait that the gateway is not healthy. */
  get isFull(): boolean {
    return this.#queue.isFull;
  }

  /** Whether the time of a group has come, or the groups are to be read. */
  get isDue(): boolean {
    return this.#settings.now() >= this.#nextEnd;
  }

  /**
   * Replaces a group, or some families of it, by what was pushed.
   *
   * @throws PushError if the push is refused; then nothing of it is kept but that it failed.
   */
  push(labels: GroupLabels, families: PushedFamilies, mode: PushMode): Promise<void> {
    return this.#queue.run((isAlone) => {
      const group = this.#groupOf(labels);
      if (!this.#mayBegin(group, isAlone)) return undefined;
      let pushed: readonly PreparedFamily[];
      try {
        this.#assertRoom(group);
        pushed = this.#prepare(group, families);
        this.index.check(group, pushed, mode);
      } catch (error) {
        // Writes that are under way may end what it contradicts.
        if (!isAlone) return undefined;
        return this.#change(group, [], () => this.#noteRefusal(group, error));
      }
      if (!isAlone && !this.#underWay.agree(group, pushed)) return undefined;
      return this.#change(group, pushed, async () => {
        try {
          if (this.#isShared) await this.keeper.checkOthers(pushed, this.index);
          await this.#replace(group, pushed, { mode });
        } catch (error) {
          await this.#noteRefusal(group, error);
        }
      });
    });
  }

  /** Makes a group as it was at another gateway, however many groups and series there are. */
  restore(labels: GroupLabels, families: PushedFamilies, times: GroupTimes): Promise<void> {
    return this.#alone(async () => {
      const group = this.#groupOf(labels);
      const pushed = this.#prepare(group, families);
      this.index.check(group, pushed, 'put');
      group.failedAt = times.failedAt;
      await this.#replace(group, pushed, { mode: 'put', pushedAt: times.pushedAt });
    });
  }

  /** Notes that a push failed that could be read but not be kept. */
  fail(labels: GroupLabels): Promise<void> {
    return this.#queue.run((isAlone) => {
      const group = this.#groupOf(labels);
      if (!this.#mayBegin(group, isAlone)) return undefined;
      return this.#change(group, [], () => this.#noteFailure(group));
    });
  }

  /** Ends a group, if it is there. */
  delete(labels: GroupLabels): Promise<void> {
    return this.#queue.run((isAlone) => {
      const group = this.#groupOf(labels);
      return this.#mayBegin(group, isAlone) ? this.#end(group) : undefined;
    });
  }

  /** Ends all groups that are there when it is this write's turn. */
  wipe(): Promise<void> {
    return this.#alone(async () => {
      const ends = [...this.index.groups.values()].map((group) => this.#end(group));
      await Promise.allSettled(ends);
      await Promise.all(ends);
    });
  }

  /** Ends what is due, if anything is. */
  async sweep(): Promise<void> {
    if (this.isDue) await this.#alone(() => Promise.resolve());
  }

  /** Whether the store may have series of a family, or had some while a page is read. */
  mayHave(name: string): boolean {
    return this.#hasGroups(name) || this.touched.has(name);
  }

  #alone<T>(write: () => Promise<T>): Promise<T> {
    return this.#queue.run((isAlone) => (isAlone ? write() : undefined));
  }

  /** Whether a write of a group depends on none that is under way, as far as the group tells. */
  #mayBegin(group: Group, isAlone: boolean): boolean {
    if (isAlone) return true;
    const { size } = this.#underWay;
    return !this.#underWay.has(group) && (size === 0 || this.#hasRoom(group, size));
  }

  readonly #isUsed = (name: string): boolean =>
    name === PUSH_TIME || name === PUSH_FAILURE_TIME || this.#hasGroups(name);

  #hasGroups(name: string): boolean {
    return this.index.family(name) !== undefined || this.#underWay.helpOf(name) !== undefined;
  }

  #groupOf(labels: GroupLabels): Group {
    return this.index.groupOf(this.#isShared ? withValues(labels) : labels);
  }

  #prepare({ labels }: Group, families: PushedFamilies): readonly PreparedFamily[] {
    return preparePush(labels, families, { at: this.#settings.now(), isShared: this.#isShared });
  }

  #hasRoom({ key }: Group, others = 0): boolean {
    const { groups } = this.index;
    return groups.has(key) || groups.size + others < this.#settings.groupLimit;
  }

  #assertRoom(group: Group): void {
    if (this.#hasRoom(group)) return;
    throw groupLimitReached(this.index.groups.size);
  }

  /** Changes a group; ends the metadata that no group needs after it. */
  async #change(
    group: Group,
    pushed: readonly PreparedFamily[],
    write: () => Promise<void>,
  ): Promise<void> {
    const names = new Set([...group.families.keys(), ...pushed.map(({ name }) => name)]);
    const end = this.#underWay.begin(group, pushed);
    try {
      await write().catch(this.#noteAway);
    } finally {
      end();
      this.touched.add(names);
      this.state++;
      await this.keeper.tidy(this.#isUsed, names);
    }
  }

  /** Has the groups read again if the store was away: it may have the write, or other groups. */
  readonly #noteAway = (error: unknown): never => {
    if (this.#isShared && isStoreAway(error)) this.#nextEnd = UNREAD;
    throw error;
  };

  async #replace(
    group: Group,
    pushed: readonly PreparedFamily[],
    { mode, pushedAt }: { readonly mode: PushMode; readonly pushedAt?: number },
  ): Promise<void> {
    const now = this.#settings.now();
    const expiresAt = this.#endOf(group, now);
    const times = { pushedAt: pushedAt ?? now, failedAt: group.failedAt };
    const families = pushed.map((family) => this.#metadata(family, group));
    const scope = mode === 'put' ? 'group' : 'families';
    const content = { scope, pushed, families, times, expiresAt } as const;
    await this.keeper.write(group, content, now);
    this.index.set(group, pushed, mode);
    group.pushedAt = times.pushedAt;
    this.#endAt(group, expiresAt);
  }

  /** When a group ends that is pushed to now, in Unix ms; undefined for never. */
  #endOf({ labels }: Group, now: number): number | undefined {
    const ttl = this.#settings.lifetimes(labels);
    return ttl === undefined ? undefined : now + ttl;
  }

  #metadata(family: PreparedFamily, group: Group): FamilyMetadata {
    const { name, type } = family;
    const help = this.index.helpAfter(family, group) || this.#underWay.helpOf(name) || '';
    return help === '' ? { name, type } : { name, type, help };
  }

  async #noteRefusal(group: Group, error: unknown): Promise<never> {
    if (error instanceof InconsistentPush) await this.#noteFailure(group);
    throw error;
  }

  /** Notes that a push failed. Where not even that can be kept, the response alone tells. */
  async #noteFailure(group: Group): Promise<void> {
    const isNew = !this.index.groups.has(group.key);
    if (!this.#hasRoom(group)) return;
    const now = this.#settings.now();
    const expiresAt = isNew ? this.#endOf(group, now) : group.expiresAt;
    const times = { pushedAt: group.pushedAt, failedAt: now };
    const content = { scope: 'families', pushed: [], families: [], times, expiresAt } as const;
    try {
      await this.keeper.write(group, content, now);
    } catch (error) {
      if (error instanceof InconsistentPush) return;
      throw error;
    }
    group.failedAt = now;
    if (isNew) this.index.set(group, [], 'put');
    this.#endAt(group, expiresAt);
  }

  #end(group: Group): Promise<void> {
    return this.#change(group, [], async () => {
      await this.keeper.end(group.labels);
      this.index.delete(group);
    });
  }

  #endAt(group: Group, at: number | undefined): void {
    group.expiresAt = at;
    if (at !== undefined && at < this.#nextEnd) this.#nextEnd = at;
  }

  /** Ends the groups whose time has come, in the store and in the index. */
  async #endDue(): Promise<void> {
    const now = this.#settings.now();
    await this.keeper.endDue(now);
    const { ended, nextEnd } = this.index.endDue(now);
    logExpired(this.#settings.log, ended);
    const names = new Set(ended.flatMap(({ families }) => families));
    this.#nextEnd = nextEnd;
    this.touched.add(names);
    this.state++;
    await this.keeper.tidy(this.#isUsed, names);
  }
}
