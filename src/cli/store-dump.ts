import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { MetricPoint, SnapshotPoint } from '../model/metric-point.ts';
import { seriesId } from '../model/series-id.ts';
import { seriesOf } from '../stores/group-writes.ts';
import type { MetricStore } from '../stores/metric-store.ts';
import type { StoreGroup } from '../stores/store-group.ts';
import { numbersAsObjects } from './dumped-numbers.ts';

// A dump is lines of JSON. The first one has its version; then come families, groups with their
// series, and series that no group owns, in any order. The last one says how many there were: a
// dump without it was interrupted.

/** The version of the first line. */
export const DUMP_VERSION = 1;

/** A group with its series. */
interface DumpedGroup extends Omit<StoreGroup, 'series'> {
  readonly points: readonly MetricPoint[];
}

/** One line of a dump: exactly one of these is there. */
export interface DumpLine {
  readonly snapscrape_dump?: number;
  readonly family?: FamilyMetadata;
  readonly group?: DumpedGroup;
  readonly point?: MetricPoint;
  readonly end?: { readonly groups: number; readonly series: number };
}

/** How many series of groups are held in memory at once: those of one pass over the store. */
const PASS_SERIES = 100_000;

/**
 * The lines of a store. It reads the store once for each 100 000 series that groups have, and holds
 * no more of them at once.
 *
 * @param held - is told how many series of groups are held.
 */
export async function* dumpLines(
  store: MetricStore,
  passSeries: number = PASS_SERIES,
  held: (series: number) => void = () => undefined,
): AsyncGenerator<string> {
  const line = (of: DumpLine): string => JSON.stringify(of, numbersAsObjects);
  yield line({ snapscrape_dump: DUMP_VERSION });
  for await (const family of await store.families()) yield line({ family });
  const groups: StoreGroup[] = [];
  for await (const group of await store.groups()) groups.push(group);
  const passes = passesOf(groups, passSeries);
  let series = 0;
  for (const [at, own] of passes.entries()) {
    const pass = await Pass.of(groups, own, (id) => hash(id) % passes.length === at);
    for await (const point of await store.snapshot()) {
      if (!pass.isAlone(point)) continue;
      series++;
      yield line({ point });
    }
    held(pass.held);
    for (const group of pass.groups()) {
      series += group.points.length;
      yield line({ group });
    }
  }
  yield line({ end: { groups: groups.length, series } });
}

/** Which groups are written in which pass; at least one pass. */
function passesOf(groups: readonly StoreGroup[], most: number): StoreGroup[][] {
  const passes: StoreGroup[][] = [[]];
  let series = 0;
  for (const group of groups) {
    if (series > 0 && series + group.series > most) {
      passes.push([]);
      series = 0;
    }
    passes.at(-1)!.push(group);
    series += group.series;
  }
  return passes;
}

/** One pass over a store: some groups, and the series without a group of some hashes. */
class Pass {
  readonly #isOfPass: (id: string) => boolean;
  readonly #points = new Map<StoreGroup, SnapshotPoint[]>();
  readonly #owners = new Map<string, StoreGroup>();
  readonly #owned = new Set<string>();
  held = 0;

  static async of(
    all: readonly StoreGroup[],
    own: readonly StoreGroup[],
    isOfPass: (id: string) => boolean,
  ): Promise<Pass> {
    const pass = new Pass(isOfPass);
    for (const group of own) pass.#points.set(group, []);
    for (const group of all) {
      for (const id of await seriesOf(group)) {
        if (pass.#points.has(group)) pass.#owners.set(id, group);
        if (isOfPass(id)) pass.#owned.add(id);
      }
    }
    return pass;
  }

  private constructor(isOfPass: (id: string) => boolean) {
    this.#isOfPass = isOfPass;
  }

  /** Keeps a point of the groups of this pass; whether it is of this pass and of no group. */
  isAlone(point: SnapshotPoint): boolean {
    const id = seriesId(point);
    const owner = this.#owners.get(id);
    if (owner !== undefined) {
      this.#points.get(owner)!.push(point);
      this.held++;
    }
    return this.#isOfPass(id) && !this.#owned.has(id);
  }

  *groups(): Generator<DumpedGroup> {
    for (const [{ labels, meta, expiresAt }, points] of this.#points) {
      yield { labels, meta, expiresAt, points };
    }
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  return value >>> 0;
}
