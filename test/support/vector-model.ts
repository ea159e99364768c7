import type { WholeFamily } from '../../src/formats/encoder.ts';
import type { SnapshotFamily } from '../../src/formats/name-planner.ts';
import type { FamilyType } from '../../src/model/family-metadata.ts';
import { escapeLabelValue, KeyFrame, renameLabels } from '../../src/model/key/index.ts';
import type { Exemplar } from '../../src/model/point-value.ts';
import {
  type PointValue,
  tailStart,
  writePayload,
  writeValue,
} from '../../src/model/value/index.ts';

/** A family as the vectors write it. */
export interface VectorFamily {
  readonly name: string;
  readonly type: FamilyType;
  readonly help?: string;
  readonly unit?: string;
  readonly samples: readonly VectorSample[];
}

interface VectorSample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: unknown;
  readonly timestampMs?: number;
  readonly startMs?: number;
  readonly exemplars?: readonly VectorExemplar[];
}

interface VectorExemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: unknown;
  readonly timestampMs?: number;
}

/** A family of a snapshot, of a family of a vector. */
export function familyOfVector(family: VectorFamily): SnapshotFamily & WholeFamily {
  const { name, type, help, unit, samples } = family;
  const frame = new KeyFrame(name);
  let text = '';
  const tails: (string | undefined)[] = [];
  for (const sample of samples) {
    const payload = writePayload({
      value: valueIn(sample.value),
      timestamp: sample.timestampMs,
      startTime: sample.startMs,
      exemplars: sample.exemplars?.map(exemplarOf),
    });
    const payloadText = typeof payload === 'string' ? payload : writeValue(payload);
    const end = tailStart(payloadText);
    text += `${frame.keyOf(labelsOf(sample.labels ?? {}))} ${payloadText.slice(0, end)}\n`;
    tails.push(payloadText.slice(end) || undefined);
  }
  const chunk = { text: Buffer.from(text), tails: tails.some(Boolean) ? tails : undefined };
  return { name, metadata: { name, type, help, unit }, chunks: samples.length > 0 ? [chunk] : [] };
}

/** Labels as they stand in a key; what is empty is no label. */
function labelsOf(labels: Readonly<Record<string, string>>): string {
  const quoted = (text: string): string => `"${String(escapeLabelValue(text))}"`;
  const pairs = Object.entries(labels).filter(([, value]) => value !== '');
  const text = pairs.map(([name, value]) => `${quoted(name)}=${quoted(value)}`).join();
  return renameLabels(text, (name) => name) ?? '';
}

function exemplarOf({ labels, value, timestampMs }: VectorExemplar): Exemplar {
  return { labels, value: Number(valueIn(value)), timestamp: timestampMs };
}

/** Numbers that are not finite are written as texts, in composites too. */
function valueIn(value: unknown): PointValue {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) => numberOf(part)) as PointValue;
}

const SPELLED: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  '+Inf': Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
};

function numberOf(part: unknown): unknown {
  return typeof part === 'string' ? SPELLED[part] : part;
}
