import { KeyReader } from '../../model/key/index.ts';
import type { SnapshotPoint } from '../../model/metric-point.ts';
import { describeSubject, type RejectionReason } from '../../model/rejection.ts';
import { trustPoint } from '../../model/trusted-point.ts';

/** Called with a record that is not served: why it is refused, and which series it is of. */
export type OnRefused = (reason: RejectionReason, subject: string) => void;

/**
 * Makes points of series ids and samples. What is in the file is input like any other, so what is
 * no series, or has no sample, is refused.
 */
export class PointReader {
  readonly #keys = new KeyReader();
  readonly #onRefused: OnRefused;

  /** @param onRefused - called with what is refused. Default: nothing. */
  constructor(onRefused: OnRefused = () => undefined) {
    this.#onRefused = onRefused;
  }

  /** A frozen point that carries its id; undefined if it was refused. */
  point(id: string, value: number, updatedAt: number): SnapshotPoint | undefined {
    const labels = this.#keys.read(id);
    if (labels === undefined) {
      this.#onRefused('invalid_labels', describeSubject(id));
      return undefined;
    }
    if (!Number.isFinite(updatedAt)) {
      this.#onRefused('invalid_value', id.slice(0, 200));
      return undefined;
    }
    return trustPoint({ name: this.#keys.name, labels, value, updatedAt }, id);
  }
}
