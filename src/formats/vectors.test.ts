import { describe, expect, it } from 'vitest';
import { familyOfVector, type VectorFamily } from '../../test/support/vector-model.ts';
import { readVectors } from '../../test/support/vectors.ts';
import { compareKeys, type EscapingScheme } from '../model/key/index.ts';
import type { Encoder } from './encoder.ts';
import { familyTexts, sectionsOf } from './exposition.ts';
import type { NamePlan } from './name-plan.ts';
import { NamePlanner } from './name-planner.ts';
import { openMetricsCreatedEncoder, openMetricsEncoder } from './openmetrics-encoder.ts';
import { openMetrics2Encoder } from './openmetrics2-encoder.ts';
import { protobufEncoder } from './protobuf-encoder.ts';
import { textEncoder } from './text-encoder.ts';

const ENCODERS: Readonly<Record<string, Encoder>> = {
  'text-0.0.4': textEncoder,
  'text-1.0.0': textEncoder,
  'om-0.0.1': openMetricsEncoder,
  'om-1.0.0': openMetricsEncoder,
  'om-2.0.0': openMetrics2Encoder,
  protobuf: protobufEncoder,
};

function planOf(model: readonly VectorFamily[], scheme: EscapingScheme): Promise<NamePlan> {
  const families = model.map(familyOfVector).sort((a, b) => compareKeys(a.name, b.name));
  return new NamePlanner([]).plan(families, scheme);
}

/** The page of a model. */
async function pageOf(
  model: readonly VectorFamily[],
  encoder: Encoder,
  scheme: EscapingScheme = 'allow-utf-8',
): Promise<Buffer> {
  const plan = await planOf(model, scheme);
  const texts: Buffer[] = [];
  for (const family of model.map(familyOfVector)) {
    const sections = sectionsOf(family, { encoder, plan });
    for (const text of familyTexts(sections, family.chunks, encoder)) {
      if (text === undefined) continue;
      texts.push(typeof text === 'string' ? Buffer.from(text, encoder.charset) : text.text);
    }
  }
  return Buffer.concat([...texts, Buffer.from(encoder.pageEnd)]);
}

/** What a page is in a vector: its text, or its bytes in hexadecimal. */
async function expectPage(
  model: readonly VectorFamily[],
  encoder: Encoder,
  expected: string,
  scheme?: EscapingScheme,
): Promise<void> {
  const page = await pageOf(model, encoder, scheme);
  expect(page.toString(encoder === protobufEncoder ? 'hex' : 'utf8')).toBe(expected);
}

interface Projection {
  readonly id: string;
  readonly format: string;
  readonly model: readonly VectorFamily[];
  readonly options?: { readonly createdLines?: boolean };
  readonly text?: string;
  readonly hex?: string;
}

describe('the projection', () => {
  it.each(readVectors<Projection>('projections.jsonl'))('of $id to $format', async (vector) => {
    const { format, model, options, text, hex } = vector;
    const isCreated = options?.createdLines && format.startsWith('om-') && format !== 'om-2.0.0';
    const encoder = isCreated ? openMetricsCreatedEncoder : ENCODERS[format]!;
    await expectPage(model, encoder, text ?? hex!);
  });

  const encoded = readVectors<Projection & { kind: string }>('protobuf.jsonl').filter(
    ({ kind }) => kind === 'encode',
  );
  it.each(encoded)('of $id to protobuf', async ({ model, hex }) => {
    await expectPage(model, protobufEncoder, hex!);
  });
});

interface Escaping {
  readonly kind: string;
  readonly id: string;
  readonly escaping: EscapingScheme;
  readonly model: VectorFamily | readonly VectorFamily[];
  readonly output: Readonly<Record<string, string>>;
  readonly dropped?: readonly string[];
}

describe('the escaping', () => {
  const vectors = readVectors<Escaping>('utf8-escaping.jsonl');

  it.each(vectors.filter(({ kind }) => kind === 'exposition'))(
    'of $id by $escaping',
    async ({ model, escaping, output }) => {
      for (const [format, expected] of Object.entries(output)) {
        await expectPage([model as VectorFamily], ENCODERS[format]!, expected, escaping);
      }
    },
  );

  it.each(vectors.filter(({ kind }) => kind === 'collision'))(
    'of names that collide: $id',
    async ({ model, escaping, output, dropped }) => {
      const families = model as readonly VectorFamily[];
      const { leftOut, leftOutCount, leftOutSeries } = await planOf(families, escaping);
      expect(leftOutCount + leftOutSeries).toBe(dropped?.length);
      if (leftOutCount > 0) expect(leftOut.map(({ name }) => name)).toEqual(dropped);
      for (const [format, expected] of Object.entries(output)) {
        await expectPage(families, ENCODERS[format]!, expected, escaping);
      }
    },
  );
});
