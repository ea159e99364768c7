import { Pace } from '../../src/scheduling/pace.ts';
import { ChangeList } from '../../src/snapshot/change-list.ts';
import { ChunkBuilder } from '../../src/snapshot/chunk-builder.ts';
import { ChunkEdits } from '../../src/snapshot/chunk-edits.ts';
import { patchChunk } from '../../src/snapshot/chunk-patch.ts';
import { noWork } from '../../src/snapshot/refresh-work.ts';
import { StagedFamily } from '../../src/snapshot/staging.ts';
import { compare, seriesIds } from './measure.ts';

// How much faster a chunk in which only values changed is made without the builder's scratch
// memory.
const builder = new ChunkBuilder(noWork());
for (const id of seriesIds(200_000)) builder.addLine(id, 1, 1, false);
// The last one may be too short for the edits.
const chunks = builder.finish().slice(0, -1);
const first = chunks[0]!;

const staged = new StagedFamily('m');
const order = new Uint32Array(8).map((_, i) => i);
for (let i = 0; i < 8; i++) staged.put(String(i), 10 ** i, 2);
const edits = new ChunkEdits(new ChangeList(staged, order, 8));
for (let i = 0; i < 8; i++) edits.change(first, i * 60, i);

await compare(`8 values of each of ${chunks.length} chunks`, {
  'through the builder': async () => {
    const pace = new Pace(1000);
    for (const chunk of chunks) {
      await edits.copyTo(builder, chunk, pace);
      builder.cut();
    }
    return builder.finish();
  },
  patched: () => chunks.map((chunk) => patchChunk(chunk, edits, builder)),
});
