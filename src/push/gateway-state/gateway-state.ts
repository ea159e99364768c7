import { SnapscrapeError } from '../../model/errors.ts';
import { GobFault } from './gob-bytes.ts';
import { type GobValue, readGob } from './gob-reader.ts';

/** A group in the state file of a Pushgateway. */
export interface GatewayGroup {
  /** Its grouping labels, `job` included. */
  readonly labels: ReadonlyMap<string, string>;
  /** Its families, with those of the times of its pushes. */
  readonly families: readonly GatewayFamily[];
}

/** A family in a group. */
export interface GatewayFamily {
  readonly name: string;
  /** When it was pushed, in Unix milliseconds; undefined if the file does not say. */
  readonly pushedAt: number | undefined;
  /** A `MetricFamily` message of protobuf, without a length in front. */
  readonly message: Uint8Array;
}

/**
 * Reads the state file of a Pushgateway: a gob of groups, each with labels and families. Versions
 * 1.0 to 1.11 write it.
 *
 * @param file - the path of the file, for errors.
 * @throws SnapscrapeError `invalid_state_file` if it is anything else, or was cut.
 */
export function readGatewayState(bytes: Uint8Array, file: string): readonly GatewayGroup[] {
  try {
    return [...entriesOf(readGob(bytes)).values()].map(readGroup);
  } catch (cause) {
    if (!(cause instanceof GobFault)) throw cause;
    throw new SnapscrapeError(
      'invalid_state_file',
      `${file} is not a complete state file of a Pushgateway: ${cause.message}; ` +
        'move it away to begin without its groups, or restore a copy of it',
      { cause },
    );
  }
}

function readGroup(group: GobValue): GatewayGroup {
  const fields = entriesOf(group);
  const labels = new Map<string, string>();
  for (const [name, value] of entriesOf(fields.get('Labels') ?? NONE)) {
    labels.set(textOf(name), textOf(value));
  }
  const families = [...entriesOf(fields.get('Metrics') ?? NONE)].map(readFamily);
  return { labels, families };
}

function readFamily([name, family]: readonly [GobValue, GobValue]): GatewayFamily {
  const fields = entriesOf(family);
  const pushed = fields.get('Timestamp');
  return {
    name: textOf(name),
    pushedAt: pushed === undefined ? undefined : readTime(bytesOf(pushed)),
    message: bytesOf(fields.get('GobbableMetricFamily') ?? NO_BYTES),
  };
}

// From the year 1, in which Go's times begin, to 1970.
const SECONDS_TO_1970 = 62_135_596_800n;

/** Go's `Time.MarshalBinary`: a version, seconds since the year 1, nanoseconds, a zone. */
function readTime(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 13 || (bytes[0] !== 1 && bytes[0] !== 2)) {
    throw new GobFault('a time of an unknown version');
  }
  const seconds = view.getBigInt64(1);
  // Go's zero time, which stands for no time.
  if (seconds === 0n) return undefined;
  return Number(seconds - SECONDS_TO_1970) * 1_000 + Math.floor(view.getInt32(9) / 1e6);
}

const NONE: ReadonlyMap<GobValue, GobValue> = new Map();
const NO_BYTES = new Uint8Array();

function entriesOf(value: GobValue): ReadonlyMap<GobValue, GobValue> {
  if (value instanceof Map) return value;
  throw new GobFault('other data than groups with their families');
}

function textOf(value: GobValue): string {
  if (typeof value === 'string') return value;
  throw new GobFault('a name that is not a text');
}

function bytesOf(value: GobValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new GobFault('a family that is not a message of protobuf');
}
