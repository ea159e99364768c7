import type { Transaction } from 'lmdb';
import { SnapscrapeError } from '../../model/errors.ts';
import type { GroupTable } from '../apply-commit.ts';
import type { ListedGroup, StoredGroup } from '../driver.ts';
import type { Environment } from './environment.ts';
import { seriesKey } from './series-key.ts';

/** A group as it stands in the file. */
export interface GroupEntry extends ListedGroup {
  /** Stands for the group in `members` and `owners`; no other group has or had it. */
  readonly number: number;
}

/** Reads the groups of a file, in a read transaction or, without one, in the current write. */
export class GroupView {
  readonly #environment: Environment;
  readonly #transaction: Transaction | undefined;

  constructor(environment: Environment, transaction?: Transaction) {
    this.#environment = environment;
    this.#transaction = transaction;
  }

  /** A group; undefined if there is no such group. */
  entry(key: string): GroupEntry | undefined {
    const bytes = this.#environment.groups.get(seriesKey(key), this.#options);
    return bytes && this.#parse(bytes);
  }

  /** All groups, in no order that counts. */
  *entries(): Generator<GroupEntry, void, undefined> {
    for (const { value } of this.#environment.groups.getRange({ ...this.#options })) {
      yield this.#parse(value);
    }
  }

  /** The key of a group, and behind it those of the series that it owns. */
  members(number: number): readonly string[] {
    return this.#environment.members.get(number, this.#options) ?? [];
  }

  /** The number of the group that owns the series in a slot; undefined if none does. */
  ownerOf(slot: number): number | undefined {
    const bytes = this.#environment.owners.get(slot, this.#options);
    return bytes?.readDoubleLE(0);
  }

  get #options(): { transaction: Transaction } | undefined {
    return this.#transaction && { transaction: this.#transaction };
  }

  #parse(bytes: Buffer): GroupEntry {
    try {
      const { expiresAt, ...entry } = JSON.parse(bytes.toString()) as GroupEntry;
      return { ...entry, expiresAt };
    } catch (cause) {
      throw new SnapscrapeError(
        'store_unavailable',
        `The record of a group in the LMDB store at ${this.#environment.path} is damaged; restore data.mdb from a copy, or remove it to begin with an empty store`,
        { cause },
      );
    }
  }
}

/** A group in the current write transaction. */
interface OpenGroup {
  readonly key: string;
  readonly members: Set<string>;
  isChanged: boolean;
  /** Whether other series belong to it, which most replacements leave as they are. */
  hasOtherMembers: boolean;
}

/** Changes groups within one write transaction: `begin`, any number of changes, `flush`. */
export class GroupWriter implements GroupTable {
  readonly #environment: Environment;
  readonly #view: GroupView;
  // What was read or changed in this transaction: by key, and the same groups by number.
  readonly #entries = new Map<string, GroupEntry>();
  readonly #open = new Map<number, OpenGroup>();

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#view = new GroupView(environment);
  }

  /** Forgets what an earlier transaction left. */
  begin(): void {
    this.#entries.clear();
    this.#open.clear();
  }

  get(key: string): GroupEntry | undefined {
    const entry = this.#entries.get(key) ?? this.#view.entry(key);
    if (entry === undefined) return undefined;
    this.#entries.set(key, entry);
    // By its number, too, also if the record that says whose number it is was lost.
    this.#opened(entry.number, key);
    return entry;
  }

  /** Stores a group. Its series may have been put before. */
  set(key: string, { version, meta, expiresAt }: StoredGroup): void {
    const { number } = this.#made(key);
    this.#entries.set(key, { key, number, version, meta, expiresAt, series: 0 });
    this.#opened(number, key).isChanged = true;
  }

  delete(key: string): void {
    const { number } = this.#made(key);
    this.#environment.groups.removeSync(seriesKey(key));
    this.#environment.members.removeSync(number);
    this.#entries.delete(key);
    this.#open.delete(number);
  }

  /** The key of the group that owns the series in a slot; undefined if none does. */
  ownerOf(slot: number): string | undefined {
    const number = this.#view.ownerOf(slot);
    return number === undefined ? undefined : this.#opened(number).key;
  }

  /** Makes a group own a series that no group owns. */
  add(group: string, id: string, slot: number): void {
    const { number } = this.#made(group);
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(number);
    this.#environment.owners.putSync(slot, bytes);
    const open = this.#opened(number, group);
    open.members.add(id);
    open.isChanged = open.hasOtherMembers = true;
  }

  /** Takes a series that ends from the group that owns it, if one does. */
  remove(id: string, slot: number): void {
    const number = this.#view.ownerOf(slot);
    if (number === undefined) return;
    this.#environment.owners.removeSync(slot);
    const open = this.#opened(number);
    open.members.delete(id);
    open.isChanged = open.hasOtherMembers = true;
  }

  /** Puts what was changed. */
  flush(): void {
    for (const [number, { key, members, isChanged, hasOtherMembers }] of this.#open) {
      // Of a group whose records were lost, no key is known.
      const entry = isChanged && key !== '' ? this.get(key) : undefined;
      if (entry === undefined) continue;
      if (hasOtherMembers) this.#environment.members.putSync(number, [key, ...members]);
      const text = JSON.stringify({ ...entry, series: members.size });
      this.#environment.groups.putSync(seriesKey(key), Buffer.from(text));
    }
  }

  /** A group, made if it is not there. */
  #made(key: string): GroupEntry {
    const known = this.get(key);
    if (known !== undefined) return known;
    const number = this.#environment.state.nextGroup();
    const made = { key, number, version: '', meta: '', expiresAt: undefined, series: 0 };
    this.#entries.set(key, made);
    return made;
  }

  #opened(number: number, made = ''): OpenGroup {
    const known = this.#open.get(number);
    if (known !== undefined) return known;
    const stored = this.#view.members(number);
    const [key = made, ...members] = stored;
    const hasOtherMembers = stored.length === 0;
    const open = { key, members: new Set(members), isChanged: false, hasOtherMembers };
    this.#open.set(number, open);
    return open;
  }
}
