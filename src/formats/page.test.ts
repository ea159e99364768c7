import { describe, expect, it } from 'vitest';
import type { CachedReader } from '../refresh/cached-reader.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { Deflater } from './deflate.ts';
import { type PageExtras, PageMaker } from './page.ts';

/** Enough that their page is not made in one slice. */
const FAMILIES = 6000;

const NO_EXTRAS: PageExtras = { names: new Set(), lines: () => [] };

/** The snapshots of a source whose values are counted up, all of them or one, from snapshot to snapshot. */
async function snapshots(count: number, changes: 'all' | 'one'): Promise<Snapshot[]> {
  const values = new Array<number>(FAMILIES).fill(0);
  const source = {
    *snapshot() {
      for (const [i, value] of values.entries()) {
        yield { name: `family_${i}`, labels: {}, value, updatedAt: 1 };
      }
    },
  };
  const reader = createCachedSnapshotReader(source) as CachedReader;
  const made: Snapshot[] = [];
  for (let round = 1; round <= count; round++) {
    await reader.refresh();
    made.push(await reader.current());
    if (changes === 'all') values.fill(round);
    else values[round] = round;
  }
  return made;
}

function naive(snapshot: Snapshot): string {
  return snapshot.families
    .map(({ name, chunks }) => `# TYPE ${name} gauge\n${chunks.map((c) => c.text).join('')}`)
    .join('');
}

describe('the pages of snapshots', () => {
  it('are made once each, however many ask for them at a time', async () => {
    const [snapshot] = await snapshots(1, 'one');
    const maker = new PageMaker(NO_EXTRAS, new Deflater(1));
    const asked = [1, 2, 3].map(() => maker.page(snapshot!, 'text'));
    const pages = await Promise.all([...asked, maker.page(snapshot!, 'text')]);
    expect(new Set(pages).size).toBe(1);
    expect(Buffer.concat(pages[0]!.pieces).toString()).toBe(naive(snapshot!));
    expect(await maker.page(snapshot!, 'openmetrics')).not.toBe(pages[0]);
  });

  it.each(['all', 'one'] as const)(
    'are whole when several are made at a time, %s changing',
    async (changes) => {
      const all = await snapshots(4, changes);
      const maker = new PageMaker(NO_EXTRAS, new Deflater(1));
      let turns = 0;
      const counting = setInterval(() => turns++, 0);
      // Each is begun while the ones before are being made; then all over again, upside down.
      for (const order of [all, [...all].reverse()]) {
        const pages = await Promise.all(order.map((snapshot) => maker.page(snapshot, 'text')));
        for (const [i, page] of pages.entries()) {
          expect(page.snapshot).toBe(order[i]);
          expect(Buffer.concat(page.pieces).toString() === naive(order[i]!)).toBe(true);
        }
      }
      clearInterval(counting);
      expect(turns).toBeGreaterThan(0);
    },
  );

  it('share what did not change with the page before', async () => {
    const [first, second] = await snapshots(2, 'one');
    const maker = new PageMaker(NO_EXTRAS, new Deflater(1));
    const before = new Set((await maker.page(first!, 'text')).pieces);
    const after = (await maker.page(second!, 'text')).pieces;
    expect(after.filter((piece) => !before.has(piece))).toHaveLength(1);
  });

  it('end with lines of their own, which keep the names that they use', async () => {
    const [snapshot] = await snapshots(1, 'one');
    const maker = new PageMaker(
      { names: new Set(['extra']), lines: () => ['extra 1\n', 'extra 2\n'] },
      new Deflater(1),
    );
    const { pieces } = await maker.page(snapshot!, 'text');
    expect(Buffer.concat(pieces).toString()).toBe(`${naive(snapshot!)}extra 1\nextra 2\n`);
  });

  it('are let go of when they are not the latest any more', async () => {
    const [first, second] = await snapshots(2, 'one');
    const maker = new PageMaker(NO_EXTRAS, new Deflater(1));
    const page = await maker.page(first!, 'text');
    maker.keepOnly(first!);
    expect(await maker.page(first!, 'text')).toBe(page);
    maker.keepOnly(second!);
    expect(await maker.page(first!, 'text')).not.toBe(page);
  });

  it('are compressed ahead, so that a scrape finds them ready', async () => {
    const [first, second] = await snapshots(2, 'all');
    const deflater = new Deflater(1);
    const maker = new PageMaker(NO_EXTRAS, deflater);
    const page = await maker.page(first!, 'text');
    expect(maker.gzipped(page)).toBeUndefined();
    await maker.warm(first!, 'text', 'gzip');
    expect(deflater.deflated).toBe(page.pieces.length);
    expect(maker.gzipped(page)).toBeDefined();
    await maker.warm(first!, 'text', 'gzip');
    expect(deflater.deflated).toBe(page.pieces.length);
    expect(maker.gzipped(await maker.page(second!, 'text'))).toBeUndefined();
  });
});
