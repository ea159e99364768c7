import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  type FamilyMetadata,
  mergeReaders,
  type SnapshotPoint,
  type SnapshotReader,
} from '../../src/index.ts';
import type { MergedReader } from '../../src/sources/merged-reader.ts';
import { HOSTILE_SERIES, LONG_SERIES, type Series } from '../support/history.ts';
import { naiveId, naivePage } from '../support/naive-page.ts';
import { bareHandler, pageOf, SYNTAXES } from '../support/page.ts';
import { tries } from '../support/tries.ts';

/** A reader as it should be seen from outside, and the source of the real one. */
class Member implements SnapshotReader {
  readonly isCached: boolean;
  isFailing = false;
  points = new Map<string, SnapshotPoint>();
  declared: readonly FamilyMetadata[] = [];
  /** What was read last by a cached reader. */
  #good: Seen | undefined;

  constructor(isCached: boolean) {
    this.isCached = isCached;
  }

  snapshot(): Iterable<SnapshotPoint> {
    if (this.isFailing) throw new Error('as planned');
    return this.points.values();
  }

  families(): readonly FamilyMetadata[] {
    return this.declared;
  }

  /** What the next read of it gives. */
  seen(): Seen | undefined {
    if (this.isFailing) return this.isCached ? this.#good : undefined;
    const isCounter = (name: string): boolean =>
      this.declared.some((family) => family.name === name && family.type === 'counter');
    const points = [...this.points.values()].filter(
      ({ name, value }) => !isCounter(name) || (value as number) >= 0,
    );
    this.#good = { points, families: this.declared };
    return this.#good;
  }
}

interface Seen {
  readonly points: readonly SnapshotPoint[];
  readonly families: readonly FamilyMetadata[];
}

type Policy = 'first' | 'newest';

/** All points of all readers, merged the plain way. */
function naiveMerge(all: readonly Seen[], policy: Policy): Seen {
  const families: FamilyMetadata[] = [];
  // A family is as a reader says that has points of it; else as the first one says.
  const declared = (isThere: boolean): FamilyMetadata[] =>
    all.flatMap((seen) =>
      seen.families.filter(
        ({ name }) => seen.points.some((point) => point.name === name) === isThere,
      ),
    );
  const hasPoints = ({ name }: FamilyMetadata): boolean =>
    all.some(({ points }) => points.some((point) => point.name === name));
  const empty = declared(false).filter((family) => !hasPoints(family));
  for (const family of [...declared(true), ...empty]) {
    if (!families.some(({ name }) => name === family.name)) families.push(family);
  }
  const chosen = new Map<string, SnapshotPoint>();
  for (const point of all.flatMap((seen) => seen.points)) {
    const type = families.find(({ name }) => name === point.name)?.type;
    if (type === 'counter' && !((point.value as number) >= 0)) continue;
    const before = chosen.get(naiveId(point));
    const isNewer = before !== undefined && point.updatedAt > before.updatedAt;
    if (before === undefined || (policy === 'newest' && isNewer)) chosen.set(naiveId(point), point);
  }
  return { points: [...chosen.values()], families };
}

const DECLARED: readonly FamilyMetadata[] = [
  { name: 'a', type: 'gauge', help: 'One.' },
  { name: 'a_total', type: 'counter' },
  { name: 'ab', type: 'counter', help: 'Two.' },
  { name: 'long', type: 'counter' },
  { name: 'size_bytes', type: 'gauge', unit: 'bytes' },
];
const OTHERWISE: readonly FamilyMetadata[] = DECLARED.map(({ name }) => ({
  name,
  type: 'unknown',
}));

/** What happens to one reader before a read of all. */
interface Change {
  readonly member: number;
  readonly isFailing: boolean;
  readonly declared: readonly FamilyMetadata[];
  readonly series: readonly number[];
  readonly value: number | 'end';
  readonly at: number;
}

function changes(all: readonly Series[], most: number): fc.Arbitrary<Change> {
  return fc.record({
    member: fc.nat(),
    isFailing: fc.boolean().map((isEven) => isEven && most < 5),
    declared: fc.oneof(
      { weight: 3, arbitrary: fc.subarray([...DECLARED]) },
      { weight: 1, arbitrary: fc.subarray([...OTHERWISE]) },
    ),
    series: fc.array(fc.nat({ max: all.length - 1 }), { maxLength: most }),
    value: fc.oneof(
      fc.constantFrom<number | 'end'>('end', 0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY),
      fc.double(),
    ),
    at: fc.integer({ min: 0, max: 3 }),
  });
}

function apply(members: readonly Member[], all: readonly Series[], change: Change): void {
  const member = members[change.member % members.length]!;
  member.isFailing = change.isFailing;
  member.declared = change.declared;
  for (const at of change.series) {
    const series = all[at]!;
    const { value, at: updatedAt } = change;
    if (value === 'end') member.points.delete(naiveId(series));
    else member.points.set(naiveId(series), { ...series, value, updatedAt });
  }
}

async function expectMerged(
  members: readonly Member[],
  rounds: readonly (readonly Change[])[],
  all: readonly Series[],
  duplicates: Policy,
): Promise<void> {
  const readers = members.map((member) =>
    member.isCached ? createCachedSnapshotReader(member, { refreshInterval: 0 }) : member,
  );
  const merged = mergeReaders(readers, { duplicates });
  const handler = bareHandler(merged);
  for (const round of rounds) {
    for (const change of round) apply(members, all, change);
    const seen = members.map((member) => member.seen());
    for (const syntax of SYNTAXES) {
      if (seen.every((one) => one === undefined)) {
        await expect(pageOf(handler, syntax)).rejects.toThrow('503');
        continue;
      }
      const { points, families } = naiveMerge(
        seen.flatMap((one) => one ?? []),
        duplicates,
      );
      const page = naivePage(points, families, syntax);
      expect(await pageOf(handler, syntax)).toBe(page);
      expect(await pageOf(handler, syntax, 'gzip')).toBe(page);
    }
    await expectSameAgain(merged as MergedReader, members);
  }
}

/** What is derived from a snapshot is kept by its object. */
async function expectSameAgain(merged: MergedReader, members: readonly Member[]): Promise<void> {
  if (members.every(({ isFailing }) => isFailing)) return;
  const snapshot = await merged.current();
  const isStill = members.every(({ isCached, isFailing }) => isCached || isFailing);
  if (isStill) expect(await merged.current()).toBe(snapshot);
}

const kinds = fc.array(fc.boolean(), { minLength: 1, maxLength: 4 });
const policy = fc.constantFrom<Policy>('first', 'newest');

it('merged readers give what all their points give, merged the plain way', async () => {
  const rounds = fc.array(fc.array(changes(HOSTILE_SERIES, 4), { maxLength: 6 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(kinds, rounds, policy, (areCached, all, duplicates) =>
      expectMerged(
        areCached.map((isCached) => new Member(isCached)),
        all,
        HOSTILE_SERIES,
        duplicates,
      ),
    ),
    { numRuns: tries(80) },
  );
});

it('merged readers of many chunks give what all their points give', async () => {
  const rounds = fc.array(fc.array(changes(LONG_SERIES, 200), { maxLength: 4 }), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(kinds, rounds, policy, (areCached, all, duplicates) =>
      expectMerged(
        areCached.map((isCached) => new Member(isCached)),
        all,
        LONG_SERIES,
        duplicates,
      ),
    ),
    { numRuns: tries(6) },
  );
});
