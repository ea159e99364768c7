import { readMetric } from '../parse/protobuf-metric.ts';
import { messageBounds } from '../parse/protobuf-reader.ts';
import { VARINT, WireError, WireReader } from '../parse/wire-reader.ts';
import {
  assertFits,
  InconsistentPush,
  PushError,
  type PushedFamilies,
  type PushedFamily,
  type PushedMetric,
  type PushedType,
} from './pushed-families.ts';
import { withInfinity } from './text-family.ts';

/** Types by their number in protobuf. */
const TYPES: readonly PushedType[] = [
  'counter',
  'gauge',
  'summary',
  'unknown',
  'histogram',
  'histogram',
];
/** The field of a metric that holds its value, by the type of the family. */
const VALUE_FIELDS: Readonly<Record<PushedType, number>> = {
  gauge: 2,
  counter: 3,
  summary: 4,
  unknown: 5,
  histogram: 7,
};
const TIMESTAMP_FIELD = 6;
/** The most labels of a metric. */
const MOST_LABELS = 1024;

/**
 * Reads a pushed body of delimited protobuf messages. Of two families of one name the last counts,
 * and a family without metrics is none. So what cannot be kept is refused once all was read.
 *
 * @throws PushError if the messages cannot be read; InconsistentPush if what they say cannot be
 * kept: a family without a name, text that is not UTF-8, a value of another type.
 */
export function readProtobufBody(body: Buffer): PushedFamilies {
  const families = new Map<string, PushedFamily>();
  const faults = new Map<string, InconsistentPush>();
  let message = 0;
  let metrics = 0;
  for (let at = 0; at < body.length; ) {
    const line = ++message;
    const [{ family, fault }, end] = readable(line, () => {
      const bounds = messageBounds(body, at);
      if (bounds === undefined || bounds[1] > body.length) {
        throw new PushError(400, 'protobuf', 'unexpected EOF', line);
      }
      return [readFamily(body, bounds, line), bounds[1]] as const;
    });
    metrics += family.metrics.length;
    assertFits(metrics, line);
    families.delete(family.name);
    faults.delete(family.name);
    if (fault !== undefined) faults.set(family.name, fault);
    else if (family.metrics.length > 0) families.set(family.name, family);
    at = end;
  }
  for (const fault of faults.values()) throw fault;
  return families;
}

/** Calls a function that reads a message; throws a PushError if that is malformed. */
function readable<T>(message: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const text = 'proto: cannot parse invalid wire-format data';
    throw new PushError(400, 'protobuf', text, message);
  }
}

/**
 * Reads one message of a family, however large, without a length in front.
 *
 * @throws what {@link readProtobufBody} throws.
 */
export function readFamilyMessage(message: Buffer): PushedFamily {
  const read = (): ReadFamily => readFamily(message, [0, message.length], 1, () => undefined);
  const { family, fault } = readable(1, read);
  if (fault !== undefined) throw fault;
  return family;
}

/** A family, and why it cannot be kept. */
interface ReadFamily {
  readonly family: PushedFamily;
  readonly fault: InconsistentPush | undefined;
}

function readFamily(
  body: Buffer,
  [start, end]: readonly [number, number],
  line: number,
  assertSize = assertFits,
): ReadFamily {
  const wire = new WireReader(body, start, end);
  let name = '';
  let help = '';
  let typeNumber = 0;
  const found: (readonly [number, number])[] = [];
  while (wire.next()) {
    if (wire.field === 1) name = wire.text();
    else if (wire.field === 2) help = wire.text();
    else if (wire.field === 3) {
      wire.expect(VARINT);
      typeNumber = wire.signed();
    } else if (wire.field === 4) {
      found.push(wire.bounds());
      assertSize(found.length, line);
    } else wire.skip();
  }
  const type = TYPES[typeNumber];
  const metrics: PushedMetric[] = [];
  let fault: InconsistentPush | undefined;
  if (found.length > 0) {
    if (wire.isMalformed) fault = refusal('utf8', 'a name or help is not valid UTF-8', line);
    else if (name === '') fault = refusal('name', 'a metric family has no name', line);
    else if (type === undefined) fault = refusal('type', `the type ${typeNumber} is unknown`, line);
  }
  const context = { name, type: type ?? 'unknown', line };
  for (const at of found) {
    try {
      metrics.push(readPushed(body, at, context));
    } catch (error) {
      if (!(error instanceof InconsistentPush)) throw error;
      fault ??= error;
    }
  }
  return { family: { name, type: context.type, help, metrics }, fault };
}

interface FamilyContext {
  readonly name: string;
  readonly type: PushedType;
  readonly line: number;
}

function readPushed(
  body: Buffer,
  [start, end]: readonly [number, number],
  { name, type, line }: FamilyContext,
): PushedMetric {
  const labels = new Map<string, string>();
  const fields = new Set<number>();
  let fault: InconsistentPush | undefined;
  const wire = new WireReader(body, start, end);
  while (wire.next()) {
    fields.add(wire.field);
    if (wire.field === 1) fault = readLabel(wire, labels, { name, type, line }) ?? fault;
    else wire.skip();
  }
  const field = VALUE_FIELDS[type];
  // What is malformed in it comes before what cannot be kept.
  const value = readValue(body, [start, end], field);
  if (fault !== undefined) throw fault;
  if (!fields.has(field)) {
    const word = type === 'unknown' ? 'UNTYPED' : type.toUpperCase();
    throw refusal('type', `collected metric ${JSON.stringify(name)} is not a ${word}`, line);
  }
  return { labels, value, hasTimestamp: fields.has(TIMESTAMP_FIELD), line };
}

/** Reads a label; returns why it cannot be kept. */
function readLabel(
  wire: WireReader,
  labels: Map<string, string>,
  { name: family, line }: FamilyContext,
): InconsistentPush | undefined {
  let name = '';
  let value = '';
  wire.isMalformed = false;
  wire.message(() => {
    while (wire.next()) {
      if (wire.field === 1) name = wire.text();
      else if (wire.field === 2) value = wire.text();
      else wire.skip();
    }
  });
  const metric = `collected metric ${JSON.stringify(family)}`;
  if (wire.isMalformed) {
    return refusal(
      'utf8',
      `${metric} has a label named ${JSON.stringify(name)} that is not utf8`,
      line,
    );
  }
  if (name === '') return refusal('label', `${metric} has a label without a name`, line);
  if (labels.has(name)) {
    return refusal('label', `${metric} has two or more labels with the same name: ${name}`, line);
  }
  if (labels.size >= MOST_LABELS) {
    return refusal('labels', `${metric} has more than ${MOST_LABELS} labels`, line);
  }
  labels.set(name, value);
  return undefined;
}

function readValue(
  body: Buffer,
  [start, end]: readonly [number, number],
  field: number,
): PushedMetric['value'] {
  // The labels have been read, and may have names that this reader does not take.
  const { values, summary, histogram } = readMetric(
    new WireReader(body, start, end),
    MOST_LABELS,
    false,
  );
  if (field === VALUE_FIELDS.summary) return summary ?? { count: 0, sum: 0, quantiles: [] };
  if (field !== VALUE_FIELDS.histogram) return values.get(field) ?? 0;
  const value = histogram?.value(start) ?? { count: 0, sum: 0, buckets: [] };
  if (value.schema !== undefined) return value;
  // A push may have buckets behind that for infinity, which Prometheus passes over.
  return { ...value, buckets: withInfinity(histogram?.buckets ?? [], value.count) };
}

function refusal(reason: string, message: string, line: number): InconsistentPush {
  return new InconsistentPush(reason, message, line);
}
