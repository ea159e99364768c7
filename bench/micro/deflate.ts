import { promisify } from 'node:util';
import { constants, deflateRaw, deflateRawSync } from 'node:zlib';
import { Deflater } from '../../src/formats/deflate.ts';
import { type Piece, templateOf } from '../../src/formats/template/template.ts';
import type { Chunk } from '../../src/snapshot/chunk.ts';
import { ChunkBuilder } from '../../src/snapshot/chunk-builder.ts';
import { noWork } from '../../src/snapshot/refresh-work.ts';
import { compare, seriesIds } from './measure.ts';

const FULL_FLUSH = { level: 1, finishFlush: constants.Z_FULL_FLUSH };

function chunksOf(ids: readonly string[], nextValue: () => number): readonly Chunk[] {
  const builder = new ChunkBuilder(noWork());
  for (const id of ids) builder.addLine(id, nextValue(), 1, false);
  return builder.finish();
}

const integer = (): number => Math.floor(Math.random() * 5000);
const double = (): number => Math.random() * 1000;

// What it pays to keep deflate streams for piece after piece, rather than to make one for each.
const texts = chunksOf(seriesIds(200_000), integer).map((chunk) => chunk.text);
const oneShot = promisify(deflateRaw);

async function inFourLanes(deflate: (text: Buffer) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < texts.length) await deflate(texts[next++]!);
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
}

await compare(`${texts.length} chunks on the thread pool`, {
  'a stream for each': () => inFourLanes((text) => oneShot(text, FULL_FLUSH)),
  'streams that are kept': () => {
    const deflater = new Deflater(1);
    return inFourLanes((text) => deflater.deflate({ text }));
  },
});

// What a plan gains where only values changed, and how long the blocks get.
for (const [kind, nextValue] of Object.entries({ integer, double })) {
  const chunks = chunksOf(seriesIds(12_500), nextValue);
  const deflater = new Deflater(1);
  // The same text as another object, for as many times as it is to be deflated.
  const again = (chunk: Chunk): Piece => {
    return { text: Buffer.from(chunk.text), template: templateOf(chunk) };
  };
  for (let time = 0; time < 3; time++) {
    for (const chunk of chunks) deflater.deflateNow(again(chunk));
  }
  let [planned, zlibs] = [0, 0];
  await compare(
    `${chunks.length} chunks of 12 500 lines, values of type ${kind}, one after the other`,
    {
      'by zlib': () => {
        zlibs = 0;
        for (const chunk of chunks) zlibs += deflateRawSync(again(chunk).text, FULL_FLUSH).length;
      },
      'by plans, with the check value': () => {
        planned = 0;
        for (const chunk of chunks) {
          planned += deflater.deflateNow(again(chunk)).blocks.length;
        }
      },
    },
    25,
  );
  console.log(`  as many bytes as by zlib: ${((planned / zlibs) * 100).toFixed(0)} %`);
}
