import type { SnapshotPoint } from './metric-point.ts';

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

/**
 * Makes a frozen point that carries its own series id, which {@link trustedSeriesId} answers at
 * once.
 *
 * Only for points whose name, labels and value have just been checked: a stamped point is trusted
 * and never checked again. `labels` must belong to the caller; it is frozen too.
 */
export function trustPoint(point: SnapshotPoint, id: string): SnapshotPoint {
  new TrustedPoint(point, id);
  Object.freeze(point.labels);
  return Object.freeze(point);
}

/** The series id that {@link trustPoint} gave to a point, or undefined for any other object. */
export function trustedSeriesId(point: unknown): string | undefined {
  return typeof point === 'object' && point !== null ? TrustedPoint.read(point) : undefined;
}
