import { ChunkBuilder } from '../../src/snapshot/chunk-builder.ts';
import { noWork } from '../../src/snapshot/refresh-work.ts';
import { compare, seriesIds } from './measure.ts';

// What it pays not to compare the beginning that all ids of a chunk share, and to read a chunk in
// order before it is searched: the text of a million series lies in main memory, not in a cache.
const SERIES = 1_000_000;
const ids = seriesIds(SERIES);
const builder = new ChunkBuilder(noWork());
for (const id of ids) builder.addLine(id, 1, 1, false);
const chunks = builder.finish();
const wanted = Array.from({ length: SERIES / 100 }, (_, i) => ids[(i * 7919) % SERIES]!).sort();

function findAll(isAlike: boolean, isReadBefore: boolean): number {
  let found = 0;
  let at = -1;
  for (const id of wanted) {
    const before = at;
    while (at + 1 < chunks.length && chunks[at + 1]!.firstId <= id) at++;
    const chunk = chunks[at]!;
    if (isReadBefore && at !== before) chunk.text.indexOf(0xff);
    found += chunk.find(id, 0, isAlike ? chunk.prefix.length : 0);
  }
  return found;
}

console.log(`the shared beginning: ${chunks[0]!.prefix}`);
await compare('searches for 1 % of a million series', {
  'comparing whole ids': () => findAll(false, false),
  'leaving out the shared beginning': () => findAll(true, false),
  'and reading the chunk in order before': () => findAll(true, true),
});
