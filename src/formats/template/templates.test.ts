import { constants, crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EagerPace } from '../../../test/support/eager-pace.ts';
import { tries } from '../../../test/support/tries.ts';
import { formatSampleValue } from '../../model/sample-value.ts';
import { Deflater } from '../deflate.ts';
import type { Piece } from './template.ts';

/** Texts of the same ids. */
class Texts {
  readonly #ids: readonly string[];
  readonly #same = {};

  constructor(ids: readonly string[]) {
    this.#ids = ids;
  }

  of(write: (line: number) => string): Piece {
    let text = '';
    let bytes = 0;
    const lineEnd = new Uint32Array(this.#ids.length);
    const idEnd = new Uint32Array(this.#ids.length);
    for (const [line, id] of this.#ids.entries()) {
      const value = write(line);
      text += `${id} ${value}\n`;
      idEnd[line] = bytes + Buffer.byteLength(id);
      lineEnd[line] = bytes = idEnd[line]! + value.length + 2;
    }
    return {
      text: Buffer.from(text),
      template: { ids: this.#same, lines: () => ({ lineEnd, idEnd }) },
    };
  }
}

/** Deflates a piece, checks that it can be read and joined, and tells how long it has become. */
async function deflated(deflater: Deflater, { text, template }: Piece): Promise<number> {
  const { blocks, crc, textBytes } = await deflater.deflate({ text, template });
  // Whatever comes before or behind: here another text and the end of the stream.
  const joined = Buffer.concat([blocks, blocks, Buffer.from([3, 0])]);
  expect(inflateRawSync(joined).equals(Buffer.concat([text, text]))).toBe(true);
  expect({ crc, textBytes }).toEqual({ crc: crc32(text), textBytes: text.length });
  return blocks.length;
}

function byZlib({ text }: Piece): number {
  return deflateRawSync(text, { level: 1, finishFlush: constants.Z_FULL_FLUSH }).length;
}

/** A deflater that has met other values of some ids twice. */
async function warm(texts: Texts, write: (line: number) => string): Promise<Deflater> {
  const deflater = new Deflater(1);
  for (const text of [texts.of(write), texts.of(write)]) await deflated(deflater, text);
  expect(deflater).toMatchObject({ plans: 0, bytesByPlan: 0 });
  return deflater;
}

/** Some hundred ids with a label that is different in each, and one that is not in many. */
const IDS = Array.from(
  { length: 700 },
  (_, i) => `requests{handler="/api/v${i >> 4}",instance="node-${i}:9100",job="api"}`,
);

const integer = (line: number): string => String((line * 7919) % 5000);
const float = (line: number): string => String(Math.sin(line * 7.3) * 1000);

const hardValue = fc
  .oneof(
    fc.constantFrom(-0, Number.NaN, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, -2.5e-7),
    fc.double(),
    fc.integer(),
  )
  .map(formatSampleValue);

describe('a text whose ids stay', () => {
  it('reads back whatever its ids and its values are', async () => {
    const word = fc.oneof(
      fc.constantFrom('a', 'b', '",job="', 'instance', '127.0.0.1:9100', 'é', '\u{1f600}', '\\"'),
      fc.nat(999).map(String),
      // Longer than a match, and longer than a step can tell.
      fc.integer({ min: 200, max: 2100 }).map((length) => 'long'.repeat(length / 4)),
    );
    const id = fc.array(word, { maxLength: 6 }).map((words) => `m{l="${words.join('')}"}`);
    const ids = fc.array(id, { minLength: 10, maxLength: 120, size: 'max' });
    let planned = 0;
    await fc.assert(
      fc.asyncProperty(
        ids,
        fc.array(hardValue, { minLength: 1, maxLength: 40 }),
        async (all, values) => {
          const texts = new Texts(all);
          const deflater = new Deflater(1);
          for (let round = 0; round < 6; round++) {
            const piece = texts.of((line) => values[(line * (round + 1) + round) % values.length]!);
            await deflated(deflater, piece);
          }
          planned += deflater.bytesByPlan;
        },
      ),
      { numRuns: tries(50) },
    );
    expect(planned).toBeGreaterThan(1_000_000);
  });

  it('is deflated by zlib twice, and then by a plan that is made once', async () => {
    const texts = new Texts(IDS);
    const deflater = await warm(texts, integer);
    const { bytesByZlib } = deflater;
    for (let round = 1; round < 6; round++) {
      const piece = texts.of((line) => integer(line + round));
      const planned = deflater.bytesByPlan;
      await deflated(deflater, piece);
      expect(deflater.bytesByPlan - planned).toBe(piece.text.length);
      await deflated(deflater, piece);
      expect(deflater).toMatchObject({ plans: 1, bytesByZlib, deflated: round + 2 });
    }
    await deflated(deflater, new Texts(IDS).of(integer));
    expect(deflater.bytesByZlib).toBeGreaterThan(bytesByZlib);
  });

  it.each([
    ['whole numbers', integer],
    ['fractions', float],
    ['all the same', () => '0'],
  ])('takes about as many bytes as by zlib, of %s', async (_, write) => {
    const texts = new Texts(IDS);
    const deflater = await warm(texts, write);
    const piece = texts.of((line) => write(line + 1));
    expect(await deflated(deflater, piece)).toBeLessThan(byZlib(piece) * 1.1);
    expect(deflater.plans).toBe(1);
  });

  it('has another plan when its values are of another kind', async () => {
    const texts = new Texts(IDS);
    const deflater = await warm(texts, () => '0');
    await deflated(
      deflater,
      texts.of(() => '0'),
    );
    for (let round = 0; round < 4; round++) {
      const piece = texts.of((line) => float(line + round));
      const bytes = await deflated(deflater, piece);
      if (round > 1) expect(bytes).toBeLessThan(byZlib(piece) * 1.1);
    }
    expect(deflater.plans).toBe(2);
  });

  it('is left to zlib where values move the lines before out of reach', async () => {
    const words = Array.from({ length: 12 }, (_, i) => crc32(`${i}`).toString(36).repeat(9));
    const ids = Array.from({ length: 60 }, (_, i) => `m{a="${i}",b="${words[i % 12]}"}`);
    const texts = new Texts(ids);
    const deflater = await warm(texts, float);
    await deflated(deflater, texts.of(float));
    const { bytesByPlan } = deflater;
    await deflated(
      deflater,
      texts.of(() => '12'.repeat(1500)),
    );
    expect(deflater).toMatchObject({ plans: 1, bytesByPlan });
  });

  it('is left to zlib if that is better at its values', async () => {
    const texts = new Texts(IDS);
    const composite = (line: number): string =>
      `{count:${line},sum:1,bucket:[0.1:${line},1:${line},+Inf:${line}]}`;
    const deflater = await warm(texts, composite);
    for (let round = 0; round < 3; round++) {
      await deflated(
        deflater,
        texts.of((line) => composite(line + round)),
      );
    }
    expect(deflater).toMatchObject({ plans: 0, bytesByPlan: 0 });
  });

  it('is left to zlib where a value has a character that none had', async () => {
    const texts = new Texts(IDS);
    const deflater = await warm(texts, integer);
    await deflated(deflater, texts.of(integer));
    const { bytesByPlan } = deflater;
    await deflated(
      deflater,
      texts.of((line) => `{x:${line}}`),
    );
    expect(deflater).toMatchObject({ plans: 1, bytesByPlan });
  });

  it('lets the event loop turn between two that are deflated by plans', async () => {
    const all = Array.from({ length: 5 }, () => new Texts(IDS));
    const pace = new EagerPace();
    const deflater = new Deflater(1, pace);
    for (let round = 0; round < 4; round++) {
      const pieces = all.map((texts) => texts.of((line) => integer(line + round)));
      await Promise.all(pieces.map((piece) => deflated(deflater, piece)));
      expect(pace.rests).toBe(Math.max(0, round - 1) * 5);
    }
  });

  it('is left to zlib if more effort is asked for', async () => {
    const texts = new Texts(IDS);
    const deflater = new Deflater(6);
    for (let round = 0; round < 5; round++) await deflated(deflater, texts.of(integer));
    expect(deflater).toMatchObject({ plans: 0, bytesByPlan: 0, deflated: 5 });
  });

  it('is left to zlib if its plan would be long', async () => {
    const labels = ['abc', 'bcd', 'cde', 'def', 'efg', 'fgh'];
    const ids = Array.from({ length: 300 }, (_, i) => {
      const pairs = labels.map((label) => `${label}="${crc32(`${i}${label}`) % 90}"`);
      return `m{${pairs.join(',')}}`;
    });
    const texts = new Texts(ids);
    const deflater = await warm(texts, integer);
    await deflated(deflater, texts.of(integer));
    expect(deflater).toMatchObject({ plans: 0, bytesByPlan: 0 });
  });
});
