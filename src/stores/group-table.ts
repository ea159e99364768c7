import type { KnownKey } from '../model/key/index.ts';
import type { GroupTable, StoredSample } from './apply-commit.ts';
import type { ListedGroup, StoredGroup } from './driver.ts';
import { SeriesTable } from './series-table.ts';

/** A series table and the groups that own some of its series, in memory. */
export class GroupedSeries extends SeriesTable {
  // The group of each series that has one.
  readonly #owners = new Map<string, string>();
  readonly #members = new Map<string, Set<string>>();
  readonly #groups = new Map<string, StoredGroup>();
  readonly groups: GroupTable = {
    get: (key) => this.#groups.get(key),
    set: (key, group) => {
      this.#groups.set(key, group);
    },
    delete: (key) => {
      this.#groups.delete(key);
      this.#members.delete(key);
    },
  };

  override get(key: string): StoredSample | undefined {
    const stored = super.get(key);
    if (stored === undefined || this.#owners.size === 0) return stored;
    const { payload, time } = stored;
    return { payload, time, group: this.#owners.get(key) };
  }

  override put(key: string, sample: StoredSample): void {
    super.put(key, sample);
    const { group } = sample;
    if (group === undefined || this.#owners.has(key)) return;
    this.#owners.set(key, group);
    const members = this.#members.get(group);
    if (members === undefined) this.#members.set(group, new Set([key]));
    else members.add(key);
  }

  override end(key: string): void {
    super.end(key);
    const group = this.#owners.get(key);
    if (group === undefined) return;
    this.#owners.delete(key);
    this.#members.get(group)!.delete(key);
  }

  override expected(): KnownKey | undefined {
    const known = super.expected();
    // The outcome is another one then, which a commit finds.
    return known === undefined || this.isOwned(known.key) ? undefined : known;
  }

  override clear(): void {
    super.clear();
    for (const each of [this.#owners, this.#members, this.#groups]) each.clear();
  }

  /** Whether a group owns a series. */
  isOwned(key: string): boolean {
    return this.#owners.size > 0 && this.#owners.has(key);
  }

  /** A group and the keys of its series. */
  group(key: string): (StoredGroup & { readonly keys: readonly string[] }) | undefined {
    const group = this.#groups.get(key);
    return group && { ...group, keys: [...(this.#members.get(key) ?? [])] };
  }

  /** All groups as they are now. */
  all(): ListedGroup[] {
    return Array.from(this.#groups, ([key, group]) => ({
      key,
      ...group,
      series: this.#members.get(key)?.size ?? 0,
    }));
  }
}
