import { describe, expect, it } from 'vitest';
import type { CachedReader } from '../refresh/cached-reader.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { Deflater } from './deflate.ts';
import type { Encoder } from './encoder.ts';
import { NamePlanner } from './name-planner.ts';
import { type Page, PageMaker } from './page.ts';
import { textEncoder } from './text-encoder.ts';

/** Enough that their page is not made in one slice. */
const FAMILIES = 6000;

/** The page of a snapshot, all of it. */
async function pageBy(maker: PageMaker, snapshot: Snapshot): Promise<Page> {
  return maker.page(snapshot, await planner.plan(snapshot.families, 'allow-utf-8'));
}

const planner = new NamePlanner([]);

/**
 * The snapshots of a source whose values are counted up, all of them or one, from snapshot to
 * snapshot.
 */
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
    const maker = new PageMaker(textEncoder);
    const asked = [1, 2, 3].map(() => pageBy(maker, snapshot!));
    const pages = await Promise.all([...asked, pageBy(maker, snapshot!)]);
    expect(new Set(pages).size).toBe(1);
    expect(Buffer.concat(pages[0]!.pieces).toString()).toBe(naive(snapshot!));
  });

  it.each(['all', 'one'] as const)(
    'are whole when several are made at a time, %s changing',
    async (changes) => {
      const all = await snapshots(4, changes);
      const maker = new PageMaker(textEncoder);
      let turns = 0;
      const counting = setInterval(() => turns++, 0);
      // Each is begun while the ones before are being made; then all over again, upside down.
      for (const order of [all, [...all].reverse()]) {
        const pages = await Promise.all(order.map((snapshot) => pageBy(maker, snapshot)));
        for (const [i, page] of pages.entries()) {
          expect(Buffer.concat(page.pieces).toString() === naive(order[i]!)).toBe(true);
        }
      }
      clearInterval(counting);
      expect(turns).toBeGreaterThan(0);
    },
  );

  it('share what did not change with the page before', async () => {
    const [first, second] = await snapshots(2, 'one');
    const maker = new PageMaker(textEncoder);
    const before = new Set((await pageBy(maker, first!)).pieces);
    const after = (await pageBy(maker, second!)).pieces;
    expect(after.filter((piece) => !before.has(piece))).toHaveLength(1);
  });

  it('end with a family that is made from theirs', async () => {
    const [snapshot] = await snapshots(1, 'one');
    const maker = new PageMaker(textEncoder, (families, _plan, bytesOf) => ({
      name: 'all',
      metadata: undefined,
      chunks: ['all{a="b"} ', `${[...families].length}\n`].map((text) => ({ text: bytesOf(text) })),
    }));
    const { pieces } = await pageBy(maker, snapshot!);
    const end = `# TYPE all gauge\nall{a="b"} ${FAMILIES}\n`;
    expect(Buffer.concat(pieces).toString()).toBe(naive(snapshot!) + end);
  });

  it('have all sections of a format that writes a family in several', async () => {
    const framed = (word: string): ReturnType<Encoder['sections']>[0] => ({
      head: (bytes) => `${word} of ${bytes}\n`,
      body: ({ text }) => Buffer.from(text.toString().toUpperCase()),
      foot: `end of ${word}\n`,
    });
    const encoder: Encoder = {
      charset: 'utf8',
      needsLength: true,
      arrangesMetrics: false,
      sections: ({ name }) => [framed(`first ${name}`), framed(`second ${name}`)],
      pageEnd: '',
    };
    const [snapshot] = await snapshots(1, 'one');
    const { pieces } = await pageBy(new PageMaker(encoder), snapshot!);
    const lines = Buffer.concat(pieces).toString().split('\n');
    expect(lines.slice(0, 7)).toEqual([
      'first family_0 of 11',
      'FAMILY_0 0',
      'end of first family_0',
      'second family_0 of 11',
      'FAMILY_0 0',
      'end of second family_0',
      'first family_1 of 11',
    ]);
    expect(lines).toHaveLength(FAMILIES * 6 + 1);
  });

  it('are compressed once, and joined when all of their pieces are', async () => {
    const [first, second] = await snapshots(2, 'all');
    const deflater = new Deflater(1);
    const maker = new PageMaker(textEncoder);
    const page = await pageBy(maker, first!);
    expect(page.gzipped(deflater)).toBeUndefined();
    for (let i = 0; i < 2; i++) {
      await Promise.all(page.deflating(deflater));
      expect(deflater.deflated).toBe(page.pieces.length);
      expect(page.gzipped(deflater)).toBeDefined();
    }
    expect((await pageBy(maker, second!)).gzipped(deflater)).toBeUndefined();
  });
});
