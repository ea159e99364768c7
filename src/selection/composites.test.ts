import { describe, expect, it } from 'vitest';
import { allIds, selectedIds, selectorOf } from '../../test/support/selecting.ts';
import type { Payload } from '../model/entries.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import { ChunkBuilder } from '../snapshot/chunk-builder.ts';
import { noWork } from '../snapshot/refresh-work.ts';
import { type Family, familyOf, type Snapshot, snapshotOf } from '../snapshot/snapshot.ts';
import type { SelectedSnapshot } from './snapshot-selector.ts';

type Line = readonly [key: string, payload: Payload];

function family(name: string, metadata: FamilyMetadata | undefined, lines: readonly Line[]) {
  const builder = new ChunkBuilder(noWork());
  for (const [key, payload] of lines) builder.addLine(key, payload, 1, false);
  return familyOf(name, metadata, builder.finish());
}

function snapshot(...families: readonly Family[]): Snapshot {
  return snapshotOf(families, []);
}

/** All selected lines, each with its tail. */
function linesOf({ families }: SelectedSnapshot): string[] {
  return families
    .flatMap(({ chunks }) => chunks)
    .flatMap(({ text, tails }) => {
      const lines = text.toString().split('\n').slice(0, -1);
      return lines.map((line, i) => `${line}${tails?.[i] ?? ''}`);
    });
}

describe('tails', () => {
  const lines: readonly Line[] = [
    ['a{l="1"}', 1],
    ['a{l="2"}', '2 5'],
    ['a{l="3"}', '{count:1,sum:0} # {t="x"} 0.5'],
    ['a{l="4"}', 4],
  ];
  const before = snapshot(family('a', undefined, lines));

  it('are selected with their lines', async () => {
    const lineOf = async (query: string): Promise<string[]> =>
      linesOf(await selectorOf(query).select(before));
    expect(await lineOf('match[]={l=~"[23]"}')).toEqual([
      'a{l="2"} 2 5',
      'a{l="3"} {count:1,sum:0} # {t="x"} 0.5',
    ]);
    expect(await lineOf('match[]={l!="3"}')).toEqual(['a{l="1"} 1', 'a{l="2"} 2 5', 'a{l="4"} 4']);
    const plain = await selectorOf('match[]={l=~"1|4"}').select(before);
    expect(plain.families[0]!.chunks[0]!.tails).toBeUndefined();
    const all = await selectorOf('name[]=a').select(before);
    expect(all.families[0]!.chunks[0]!.tails).toBe(before.families[0]!.chunks[0]!.tails);
  });

  it('are those of the snapshot, also if its text is that of the one before', async () => {
    const [chunk] = before.families[0]!.chunks;
    for (const tails of [[undefined, ' 6', undefined, ' 8'], undefined]) {
      for (const query of ['match[]={l!="3"}', 'name[]=a']) {
        const selector = selectorOf(query);
        const first = await selector.select(before);
        const next = chunk!.withColumns({ updatedAt: chunk!.updatedAt, tails });
        const second = await selector.select(snapshot(familyOf('a', undefined, [next])));
        const texts = [first, second].map(({ families }) => families[0]!.chunks[0]!.text);
        expect(texts[1]).toBe(texts[0]);
        const kept = [0, 1, 2, 3].filter((line) => query === 'name[]=a' || line !== 2);
        expect(linesOf(second).map((line) => / [68]$/.exec(line)?.[0])).toEqual(
          kept.map((line) => tails?.[line]),
        );
      }
    }
  });
});

describe('a composite', () => {
  const histogram = '{count:3,sum:1,bucket:[1:2,+Inf:3]}';
  const families: readonly (readonly [FamilyMetadata, payload: Payload])[] = [
    [{ name: 'age', type: 'gaugehistogram' }, histogram],
    [{ name: 'build_info', type: 'info' }, 1],
    [{ name: 'jobs_total', type: 'counter' }, 5],
    [{ name: 'lag', type: 'histogram' }, histogram],
    [{ name: 'lag_sum', type: 'gauge' }, 7],
    [{ name: 'wait', type: 'summary' }, '{count:1,sum:1,quantile:[0.5:1]}'],
  ];
  const page = snapshot(
    ...families.map(([metadata, payload]) => {
      const { name } = metadata;
      return family(name, metadata, [
        [`${name}{l="1"}`, payload],
        [`${name}{l="2"}`, payload],
      ]);
    }),
  );
  const ALL = families.map(([{ name }]) => name);

  it.each([
    ['name[]=lag', ['lag']],
    ['name[]=lag_bucket', ['lag']],
    ['name[]=lag_sum', ['lag', 'lag_sum']],
    ['name[]=lag_count&name[]=wait_count', ['lag', 'wait']],
    ['name[]=lag_created&name[]=wait_created&name[]=jobs_created', ['jobs_total', 'lag', 'wait']],
    ['name[]=wait_sum', ['wait']],
    ['name[]=wait_bucket&name[]=lag_gsum&name[]=age_sum&name[]=lag_sum_count', []],
    ['name[]=age_gsum&name[]=age_bucket', ['age']],
    ['name[]=age_gcount', ['age']],
    ['name[]=jobs&name[]=build', ['build_info', 'jobs_total']],
    ['match[]=lag_bucket', ['lag']],
    ['match[]={__name__=~"lag_.*"}', ['lag', 'lag_sum']],
    ['match[]={__name__=~".*_gcount|.*_created"}', ['age', 'jobs_total', 'lag', 'wait']],
    // The names of metadata lines are no samples' names.
    ['match[]=jobs&match[]=build', []],
    // What leaves out a part of a composite leaves out nothing.
    ['match[]={__name__!="lag_bucket"}', ALL],
    ['match[]={__name__!~".*_(bucket|created|gsum)"}', ALL],
    ['match[]={__name__!="lag"}', ALL.filter((name) => name !== 'lag')],
    ['match[]={__name__=~"lag_.*",__name__!~"lag|.*_sum"}', []],
    ['match[]={__name__=~"lag_.*",__name__!~".*_bucket"}', ['lag', 'lag_sum']],
    // Nothing but a composite has parts.
    ['match[]=lag_bucket{le="1"}&match[]=wait{quantile="7"}', ['lag', 'wait']],
    ['match[]={le!="1"}', ALL],
    ['match[]={le="1"}', ['age', 'lag']],
    ['match[]={quantile="0.5"}', ['wait']],
    ['match[]={le="1",quantile="1"}', []],
  ])('%s chooses %j', async (query, names) => {
    const selected = await selectorOf(query).select(page);
    expect(selected.families.map(({ name }) => name)).toEqual(names);
    for (const { chunks } of selected.families) expect(chunks[0]!.series).toBe(2);
  });

  it('is chosen by its labels as other series are', async () => {
    const selected = await selectorOf('match[]=lag_bucket{l="2",le="1"}').select(page);
    expect(linesOf(selected)).toEqual([`lag{l="2"} ${histogram}`]);
  });

  it('is on one shard, whatever it holds', async () => {
    const count = 4;
    const shardsOf = async (of: Snapshot): Promise<string[][]> =>
      Promise.all(
        Array.from({ length: count }, async (_, i) =>
          selectedIds(await selectorOf(`shard=${i + 1}/${count}`).select(of)),
        ),
      );
    const shards = await shardsOf(page);
    expect(shards.flat().toSorted()).toEqual(allIds(page).toSorted());
    // A plain number under the same key is where the composite was.
    const others = page.families.map(({ name }) =>
      family(name, undefined, [
        [`${name}{l="1"}`, 1],
        [`${name}{l="2"}`, '2 5'],
      ]),
    );
    expect(await shardsOf(snapshot(...others))).toEqual(shards);
  });
});
