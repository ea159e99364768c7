import { promisify } from 'node:util';
import { constants, deflateRaw } from 'node:zlib';
import { Deflater } from '../../src/formats/deflate.ts';
import { ChunkBuilder } from '../../src/snapshot/chunk-builder.ts';
import { noWork } from '../../src/snapshot/refresh-work.ts';
import { compare, seriesIds } from './measure.ts';

// What it pays to keep deflate streams for piece after piece, rather than to make one for each.
const builder = new ChunkBuilder(noWork());
for (const id of seriesIds(200_000))
  builder.addLine(id, Math.floor(Math.random() * 5000), 1, false);
const texts = builder.finish().map((chunk) => chunk.text);
const oneShot = promisify(deflateRaw);
const options = { level: 1, finishFlush: constants.Z_FULL_FLUSH };

async function inFourLanes(deflate: (text: Buffer) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < texts.length) await deflate(texts[next++]!);
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
}

await compare(`${texts.length} chunks on the thread pool`, {
  'a stream for each': () => inFourLanes((text) => oneShot(text, options)),
  'streams that are kept': () => {
    const deflater = new Deflater(1);
    return inFourLanes((text) => deflater.deflate(text));
  },
});
