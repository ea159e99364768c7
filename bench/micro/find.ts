import { ChunkBuilder } from '../../src/cache/chunk-builder.ts';
import { noWork } from '../../src/cache/work.ts';
import { compare, seriesIds } from './measure.ts';

// What it pays not to compare the beginning that all ids of a chunk share.
const ids = seriesIds(100_000);
const builder = new ChunkBuilder(noWork());
for (const id of ids) builder.addLine(id, 1, 1, false);
const chunks = builder.finish();
const wanted = Array.from({ length: 20_000 }, (_, i) => ids[(i * 7919) % ids.length]!).sort();

function findAll(isAlike: boolean): number {
  let found = 0;
  let at = 0;
  for (const id of wanted) {
    while (at + 1 < chunks.length && chunks[at + 1]!.firstId <= id) at++;
    const chunk = chunks[at]!;
    found += chunk.find(id, 0, isAlike ? chunk.prefix.length : 0);
  }
  return found;
}

console.log(`the shared beginning: ${chunks[0]!.prefix}`);
await compare('20 000 searches in 100 000 series', {
  'comparing whole ids': () => findAll(false),
  'leaving out the shared beginning': () => findAll(true),
});
