import { compareKeys } from '../model/key/index.ts';
import type { GroupLabels } from './group-path.ts';
import { OWN_FAMILIES, type OwnFamily } from './own-families.ts';
import type { PreparedFamily } from './prepared-push.ts';
import { InconsistentPush, type PushedType } from './pushed-families.ts';

/** A group as the index knows it. */
export interface Group {
  readonly key: string;
  readonly labels: GroupLabels;
  /** The keys of its series by family, without those of its push times. */
  readonly families: Map<string, readonly string[]>;
  /** When it was pushed to, in Unix ms; 0 for never. */
  pushedAt: number;
  /** When a push was refused last, in Unix ms; 0 for never. */
  failedAt: number;
  /** When it ends, in Unix ms; undefined for never. */
  expiresAt: number | undefined;
}

/** A group that has ended, and the names of its families. */
export interface EndedGroup extends Pick<Group, 'labels'> {
  readonly families: readonly string[];
}

/** What groups have in common of a family. */
interface SharedFamily {
  type: PushedType;
  help: string;
  /** How many groups have series of it. */
  groups: number;
}

/** Whether a push replaces the group, or only the families that it names. */
export type PushMode = 'put' | 'post';

/** Names of samples that a histogram has beside its own; a summary has the first two. */
const SUFFIXES = ['_count', '_sum', '_bucket'] as const;

/** One key for all ways to write a group. */
export function groupKey(labels: GroupLabels): string {
  return JSON.stringify([...labels].sort(([a], [b]) => compareKeys(a, b)));
}

/**
 * Which group has which series, and what groups have in common of families. So a push is checked
 * against all groups at the cost of what was pushed.
 */
export class GroupIndex {
  readonly groups: Map<string, Group> = new Map<string, Group>();
  /** How often anything was looked up, to show what a check costs. */
  lookups = 0;
  readonly #owners = new Map<string, Group>();
  readonly #families = new Map<string, SharedFamily>();

  /** The group with a key, made if there is none; it is not in the index before `set`. */
  groupOf(labels: GroupLabels): Group {
    const key = groupKey(labels);
    const families = new Map<string, readonly string[]>();
    const times = { pushedAt: 0, failedAt: 0, expiresAt: undefined };
    return this.groups.get(key) ?? { key, labels, families, ...times };
  }

  /** The group that has a series. */
  ownerOf(key: string): Group | undefined {
    return this.#owners.get(key);
  }

  /** What groups have in common of a family; undefined if none has series of it. */
  family(name: string): Readonly<SharedFamily> | undefined {
    return this.#families.get(name);
  }

  /**
   * Checks a push against what all other groups have.
   *
   * @throws InconsistentPush for the first family or series that contradicts another.
   */
  check(group: Group, pushed: readonly PreparedFamily[], mode: PushMode): void {
    const byName = new Map(pushed.map((family) => [family.name, family]));
    const typeOf = (name: string): PushedType | undefined => {
      this.lookups++;
      const given = byName.get(name) ?? OWN_FAMILIES.get(name);
      if (given !== undefined) return given.type;
      const isKept = mode === 'post' && group.families.has(name);
      return isKept || this.#othersHave(name, group) ? this.#families.get(name)?.type : undefined;
    };
    const seen = new Set<string>();
    for (const family of pushed) {
      this.#checkType(family, group);
      checkSuffixes(family, typeOf);
      for (const [at, key] of family.keys.entries()) {
        this.lookups++;
        const owner = this.#owners.get(key);
        if (!seen.has(key) && (owner === undefined || owner === group)) seen.add(key);
        else {
          throw inconsistent(
            'duplicate',
            `collected metric ${JSON.stringify(family.name)} was collected before with the same name and label values`,
            family.lines[at],
          );
        }
      }
    }
  }

  #checkType({ name, type, help, lines }: PreparedFamily, group: Group): void {
    const own = OWN_FAMILIES.get(name);
    const known = this.#othersHave(name, group) ? this.#families.get(name) : undefined;
    const wanted = own?.type ?? known?.type ?? type;
    if (wanted !== type) {
      const what =
        own === undefined
          ? `collected metric ${JSON.stringify(name)} is not a ${goType(wanted)}`
          : `gathered metric family ${name} has type ${goType(type)} but should have ${goType(wanted)}`;
      throw inconsistent('type', what, lines[0]);
    }
    if (own?.isLate === true && own.help !== help) {
      throw inconsistent(
        'own_family',
        `gathered metric family ${name} has help ${JSON.stringify(help)} but should have ${JSON.stringify(own.help)}`,
        lines[0],
      );
    }
  }

  #othersHave(name: string, group: Group): boolean {
    this.lookups++;
    const { groups = 0 } = this.#families.get(name) ?? {};
    return groups > (group.families.has(name) ? 1 : 0);
  }

  /** The HELP of a family after a push: that of the group which had it first stays. */
  helpAfter({ name, help }: PreparedFamily, group: Group): string {
    const own: OwnFamily | undefined = OWN_FAMILIES.get(name);
    if (own !== undefined) return own.help;
    const known = this.#othersHave(name, group) ? this.#families.get(name)?.help : undefined;
    return known || help;
  }

  /** Takes what a push has made of a group. */
  set(group: Group, pushed: readonly PreparedFamily[], mode: PushMode): void {
    const helps = pushed.map((family) => this.helpAfter(family, group));
    const replaced = mode === 'put' ? [...group.families.keys()] : pushed.map(({ name }) => name);
    for (const name of replaced) this.#drop(group, name);
    for (const [at, { name, type, keys }] of pushed.entries()) {
      this.add(group, { name, type, help: helps[at]! }, keys);
    }
    this.groups.set(group.key, group);
  }

  /** Adds a family to a group that has none of this name. */
  add(
    group: Group,
    { name, type, help }: { name: string; type: PushedType; help: string },
    keys: readonly string[],
  ): void {
    group.families.set(name, keys);
    for (const key of keys) this.#owners.set(key, group);
    const { groups = 0 } = this.#families.get(name) ?? {};
    this.#families.set(name, { type, help, groups: groups + 1 });
  }

  /** Removes a group with all that it has. */
  delete(group: Group): void {
    for (const name of group.families.keys()) this.#drop(group, name);
    this.groups.delete(group.key);
  }

  /** Removes the groups whose time has come; returns them, and when the next one ends. */
  endDue(now: number): { readonly ended: readonly EndedGroup[]; readonly nextEnd: number } {
    const ended: EndedGroup[] = [];
    let nextEnd = Number.POSITIVE_INFINITY;
    for (const group of this.groups.values()) {
      const { labels, expiresAt = Number.POSITIVE_INFINITY } = group;
      if (expiresAt > now) nextEnd = Math.min(nextEnd, expiresAt);
      else {
        ended.push({ labels, families: [...group.families.keys()] });
        this.delete(group);
      }
    }
    return { ended, nextEnd };
  }

  #drop(group: Group, name: string): void {
    const keys = group.families.get(name);
    if (keys === undefined) return;
    group.families.delete(name);
    // In unchecked mode another group may have taken a series over.
    for (const key of keys) if (this.#owners.get(key) === group) this.#owners.delete(key);
    const shared = this.#families.get(name)!;
    if (--shared.groups === 0) this.#families.delete(name);
  }
}

/**
 * Checks that no sample of a histogram or summary has the name of another family.
 *
 * @throws InconsistentPush if one has.
 */
function checkSuffixes(
  { name, type, lines }: PreparedFamily,
  typeOf: (name: string) => PushedType | undefined,
): void {
  const suffix = SUFFIXES.find((end) => name.endsWith(end));
  if (suffix !== undefined) {
    const base = name.slice(0, -suffix.length);
    const baseType = typeOf(base);
    if (baseType === 'histogram' || (baseType === 'summary' && suffix !== '_bucket')) {
      throw inconsistent(
        'name_collision',
        `collected metric named ${JSON.stringify(name)} collides with previously collected ${baseType} named ${JSON.stringify(base)}`,
        lines[0],
      );
    }
  }
  if (type !== 'histogram' && type !== 'summary') return;
  for (const end of SUFFIXES) {
    if (end === '_bucket' && type === 'summary') continue;
    if (typeOf(name + end) === undefined) continue;
    const what = end === '_bucket' ? 'histogram' : 'histogram or summary';
    throw inconsistent(
      'name_collision',
      `collected ${what} named ${JSON.stringify(name)} collides with previously collected metric named ${JSON.stringify(name + end)}`,
      lines[0],
    );
  }
}

/** A type as Go writes it. */
function goType(type: PushedType): string {
  return type === 'unknown' ? 'UNTYPED' : type.toUpperCase();
}

function inconsistent(reason: string, message: string, line: number | undefined): InconsistentPush {
  return new InconsistentPush(reason, message, line);
}
