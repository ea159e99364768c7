import { Chunk } from '../../src/cache/chunk.ts';
import { ChunkBuilder } from '../../src/cache/chunk-builder.ts';
import { noWork } from '../../src/cache/work.ts';
import { compare, seriesIds } from './measure.ts';

// What it pays to compare the beginning that all ids of a chunk share only once for each search.
const ids = seriesIds(100_000);
const builder = new ChunkBuilder(noWork());
for (const id of ids) builder.addLine(id, 1, 1, false);
const chunks = builder.finish();
const prefix = Object.getOwnPropertyDescriptor(chunks[0], 'prefix')!;
const plain = chunks.map((chunk) => Object.assign(new Chunk(chunk), { prefix: '' }));
const wanted = Array.from({ length: 20_000 }, (_, i) => ids[(i * 7919) % ids.length]!).sort();

function findAll(all: readonly Chunk[]): number {
  let found = 0;
  let at = 0;
  for (const id of wanted) {
    while (at + 1 < all.length && all[at + 1]!.firstId <= id) at++;
    found += all[at]!.find(id, 0);
  }
  return found;
}

console.log(`the shared beginning: ${String(prefix.value)}`);
await compare('20 000 searches in 100 000 series', {
  'comparing whole ids': () => findAll(plain),
  'comparing the shared beginning once': () => findAll(chunks),
});
