import { SnapscrapeError } from '../model/errors.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import { nameOf } from '../model/key/index.ts';
import type { Awaitable, Many } from '../model/snapshot-reader.ts';
import { seriesOf } from '../stores/group-writes.ts';
import type { MetricStore } from '../stores/metric-store.ts';
import { GroupIndex } from './group-index.ts';
import { PUSH_FAILURE_TIME, PUSH_TIME } from './prepared-push.ts';
import type { PushedType } from './pushed-families.ts';
import { groupLabelsOf } from './stored-labels.ts';

/** What a store has of a gateway. */
export interface LoadedGroups {
  readonly index: GroupIndex;
  /** The families that the store declares. */
  readonly families: readonly FamilyMetadata[];
}

/**
 * Asserts that a store keeps groups: only the refusal of a call tells.
 *
 * @throws SnapscrapeError `invalid_options` if it keeps none.
 */
export async function assertGroups(store: MetricStore): Promise<void> {
  try {
    await store.endGroup({ job: '', snapscrape_probe: 'groups' });
  } catch (cause) {
    if (!(cause instanceof SnapscrapeError) || cause.code !== 'invalid_options') throw cause;
    const message =
      'the push API needs a store that keeps groups: memory:, lmdb:, or Redis with one partition';
    throw new SnapscrapeError('invalid_options', message, { cause });
  }
}

/** Reads the groups of a store. */
export async function loadGroups(store: MetricStore): Promise<LoadedGroups> {
  const index = new GroupIndex();
  const families = await declaredFamilies(store);
  const declared = new Map(families.map((family) => [family.name, family]));
  for (const stored of await listOf(store.groups())) {
    const group = index.groupOf(groupLabelsOf(stored.labels));
    group.expiresAt = stored.expiresAt;
    index.set(group, [], 'put');
    for (const [name, keys] of byFamily(await seriesOf(stored))) {
      if (name === PUSH_TIME || name === PUSH_FAILURE_TIME) continue;
      const { type = 'unknown', help = '' } = declared.get(name) ?? {};
      index.add(group, { name, type: type as PushedType, help }, keys);
    }
  }
  await loadTimes(store, index);
  return { index, families };
}

/** The families that a store declares. */
export function declaredFamilies(store: MetricStore): Promise<readonly FamilyMetadata[]> {
  return listOf(store.families());
}

/** The times of pushes are points of the groups. */
async function loadTimes(store: MetricStore, index: GroupIndex): Promise<void> {
  for await (const { name, labels, value } of await store.snapshot()) {
    if (name !== PUSH_TIME && name !== PUSH_FAILURE_TIME) continue;
    const group = index.groups.get(index.groupOf(groupLabelsOf(labels)).key);
    if (group === undefined) continue;
    const at = Math.round((value as number) * 1000);
    if (name === PUSH_TIME) group.pushedAt = at;
    else group.failedAt = at;
  }
}

function byFamily(keys: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const families = new Map<string, string[]>();
  for (const key of keys) {
    const name = nameOf(key);
    const known = families.get(name);
    if (known === undefined) families.set(name, [key]);
    else known.push(key);
  }
  return families;
}

async function listOf<T>(given: Awaitable<Many<T>>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of await given) list.push(item);
  return list;
}
