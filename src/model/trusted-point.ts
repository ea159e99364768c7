import type { Payload } from './entries.ts';
import type { SnapshotPoint } from './metric-point.ts';
import { readPayload } from './value/index.ts';

// A private field can be put on any object by a constructor whose base returns that object. The
// field can neither be seen, copied nor forged from outside, and the point stays a plain object.
const Base = function base(target: object) {
  return target;
} as unknown as new (
  target: object,
) => object;

class TrustedPoint extends Base {
  readonly #id: string;

  constructor(point: object, id: string) {
    super(point);
    this.#id = id;
  }

  static read(point: object): string | undefined {
    return #id in point ? point.#id : undefined;
  }
}

/** A trusted point that is more than a plain number. Numbers, the most points, spare the field. */
class TextPoint extends Base {
  readonly #payload: string;

  constructor(point: object, payload: string) {
    super(point);
    this.#payload = payload;
  }

  static read(point: object): string | undefined {
    return #payload in point ? point.#payload : undefined;
  }
}

/**
 * Makes a frozen point that carries its own series id and payload, which {@link trustedSeriesId}
 * and {@link trustedPayload} return at once.
 *
 * Only for points whose name, labels and payload have just been checked: a trusted point is never
 * checked again. `labels` must belong to the caller; it is frozen too.
 *
 * @param payload - the text that the point says; left out for a plain number.
 */
export function trustPoint(point: SnapshotPoint, id: string, payload?: string): SnapshotPoint {
  new TrustedPoint(point, id);
  if (payload !== undefined) new TextPoint(point, payload);
  Object.freeze(point.labels);
  return Object.freeze(point);
}

/** The series id that {@link trustPoint} gave to a point, or undefined for any other object. */
export function trustedSeriesId(point: unknown): string | undefined {
  return typeof point === 'object' && point !== null ? TrustedPoint.read(point) : undefined;
}

/** What a trusted point says: its number, or the text that {@link trustPoint} gave to it. */
export function trustedPayload(point: SnapshotPoint): Payload {
  // No trusted point without a text has anything but a number.
  return TextPoint.read(point) ?? (point.value as number);
}

/**
 * Makes the trusted point of a series from its payload; undefined if the payload is not one. The
 * point of a text is frozen to its depths: stores give the same one to many callers.
 *
 * @param labels - frozen; they must belong to the caller.
 */
export function pointOfPayload(
  { name, labels }: Pick<SnapshotPoint, 'name' | 'labels'>,
  id: string,
  payload: Payload,
  updatedAt: number,
): SnapshotPoint | undefined {
  if (typeof payload === 'number') {
    return trustPoint({ name, labels, value: payload, updatedAt }, id);
  }
  const parts = readPayload(payload);
  if (parts === undefined) return undefined;
  const { value, ...tail } = parts;
  freezeDeeply(parts);
  return trustPoint({ name, labels, value, updatedAt, ...tail }, id, payload);
}

function freezeDeeply(given: object): void {
  for (const part of Object.values(given)) {
    if (typeof part === 'object' && part !== null) freezeDeeply(part);
  }
  Object.freeze(given);
}
