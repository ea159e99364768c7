import type {
  DeltaEvent,
  FamilyMetadata,
  IncrementalSnapshotReader,
  SnapshotDelta,
  SnapshotPoint,
} from '../../dist/index.js';
import type { Workload } from '../workload/workload.ts';

/**
 * A source that holds no object for a series: it makes points on demand. So what a process with it
 * holds is what the cache holds.
 */
export class CompactSource implements IncrementalSnapshotReader {
  readonly #workload: Workload;
  #touched: Uint32Array = new Uint32Array(0);
  #version = 0;

  constructor(workload: Workload) {
    this.#workload = workload;
  }

  /** Takes note of the places that changed last. */
  note(touched: Uint32Array): void {
    this.#touched = touched;
    this.#version++;
  }

  families(): readonly FamilyMetadata[] {
    return this.#workload.families;
  }

  snapshot(): Iterable<SnapshotPoint> {
    return this.#workload.points();
  }

  snapshotCursor(): string {
    return `v${this.#version}`;
  }

  snapshotDelta(cursor: string): SnapshotDelta {
    const nextCursor = this.snapshotCursor();
    if (cursor === nextCursor) return { nextCursor, events: [] };
    if (cursor !== `v${this.#version - 1}`) return { nextCursor, events: [], reset: true };
    return { nextCursor, events: this.#events() };
  }

  *#events(): Generator<DeltaEvent, void, undefined> {
    for (const place of this.#touched) {
      const point = this.#workload.point(place);
      yield this.#workload.present[place] === 1 ? { point } : { deleted: true, point };
    }
  }
}
