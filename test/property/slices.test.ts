import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Deflater } from '../../src/formats/deflate.ts';
import { GzipStem } from '../../src/formats/gzip.ts';
import { PieceJoiner } from '../../src/formats/pieces.ts';
import { seriesId } from '../../src/model/series-id.ts';
import { applyChanges } from '../../src/snapshot/apply-changes.ts';
import { sortChanges } from '../../src/snapshot/change-list.ts';
import type { Chunk } from '../../src/snapshot/chunk.ts';
import { ChunkBuilder } from '../../src/snapshot/chunk-builder.ts';
import { noWork } from '../../src/snapshot/refresh-work.ts';
import { StagedFamily } from '../../src/snapshot/staging.ts';
import { EagerPace } from '../support/eager-pace.ts';
import { manyPoints } from '../support/many-points.ts';

const SERIES = 20_000;
const IDS = manyPoints(SERIES, 60).map(seriesId);

function staged(ids: readonly string[]): StagedFamily {
  const family = new StagedFamily('many');
  for (const id of ids) family.put(id, 1, 1);
  return family;
}

function chunksOf(ids: readonly string[]): readonly Chunk[] {
  const builder = new ChunkBuilder(noWork());
  for (const id of ids) builder.addLine(id, 1, 1, false);
  return builder.finish();
}

/** Merges changes into chunks, and counts the places where it would have rested. */
async function restsOfMerge(chunks: readonly Chunk[], ids: readonly string[]) {
  const changes = await sortChanges(staged(ids), 'last', new EagerPace(), () => undefined);
  const pace = new EagerPace();
  const builder = new ChunkBuilder(noWork());
  const merged = await applyChanges(chunks, changes, 'partial', pace, builder);
  return { rests: pace.rests, series: merged.reduce((sum, { series }) => sum + series, 0) };
}

// Work of n items must be able to rest some n / 1000 times, however the items lie: what a clock
// shows depends on the machine.
describe('work that may be long can be cut into slices', () => {
  it('sorting', async () => {
    const pace = new EagerPace();
    await sortChanges(staged([...IDS].reverse()), 'last', pace, () => undefined);
    expect(pace.rests).toBeGreaterThan(SERIES / 1000);
  });

  it.each([
    ['behind all others', IDS.slice(0, 1)],
    ['between two others', [IDS[0]!, IDS.at(-1)!]],
    ['before all others', IDS.slice(-1)],
    ['where there was nothing', []],
  ])('the merge of many new series %s', async (_, before) => {
    const known = new Set(before);
    const added = IDS.filter((id) => !known.has(id));
    const { rests, series } = await restsOfMerge(chunksOf(before), added);
    expect(series).toBe(SERIES);
    expect(rests).toBeGreaterThan(SERIES / 100);
  });

  it('the merge of changes all over', async () => {
    const chunks = chunksOf(IDS);
    const { rests } = await restsOfMerge(chunks, IDS);
    expect(rests).toBeGreaterThanOrEqual(chunks.length);
  });

  it('the joining of a page and of its compressed form', async () => {
    const joining = new EagerPace();
    const parts = IDS.map((id) => ({ text: Buffer.from(id), isMark: false }));
    const pieces = (await new PieceJoiner().join(parts, joining)).map(({ text }) => text);
    expect(joining.rests).toBe(parts.length);
    const noise = Array.from({ length: 20 }, () => randomBytes(40_000));
    const deflater = new Deflater(1);
    const deflated = await Promise.all(
      [...pieces, ...noise].map((p) => deflater.deflate({ text: p })),
    );
    const stemming = new EagerPace();
    const stem = await GzipStem.of(deflated, stemming);
    expect(stemming.rests).toBeGreaterThanOrEqual(stem.parts.length - 1);
    expect(stem.parts.length).toBeGreaterThan(1);
  });
});
