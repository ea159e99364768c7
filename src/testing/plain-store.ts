import type { SnapshotPoint } from '../model/metric-point.ts';
import { seriesId } from '../model/series-id.ts';
import type { StoredSample } from './case-run.ts';

/** The contract as one would write it down: no log, no frames, nothing shared. */
export class PlainStore {
  readonly #samples = new Map<string, StoredSample>();
  readonly #maxSeries: number;

  constructor(maxSeries: number) {
    this.#maxSeries = maxSeries;
  }

  /** Writes sound points; returns the counts. */
  upsert(
    points: readonly SnapshotPoint[],
  ): Record<'added' | 'changed' | 'unchanged' | 'older' | 'refused', number> {
    const counts = { added: 0, changed: 0, unchanged: 0, older: 0, refused: 0 };
    for (const point of points) counts[this.#write(point)]++;
    return counts;
  }

  /** Ends the series that are chosen; returns how many. */
  endWhere(isChosen: (id: string, sample: StoredSample) => boolean): number {
    let ended = 0;
    for (const [id, sample] of this.#samples) {
      if (isChosen(id, sample) && this.#samples.delete(id)) ended++;
    }
    return ended;
  }

  /** What is there, sorted by id. */
  state(): [string, StoredSample][] {
    return [...this.#samples].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #write(point: SnapshotPoint): 'added' | 'changed' | 'unchanged' | 'older' | 'refused' {
    const { value, updatedAt } = point;
    const id = seriesId(point);
    const stored = this.#samples.get(id);
    if (stored === undefined && this.#samples.size >= this.#maxSeries) return 'refused';
    if (stored !== undefined && updatedAt < stored.updatedAt) return 'older';
    this.#samples.set(id, { value: value as number, updatedAt });
    if (stored === undefined) return 'added';
    const isSame = updatedAt === stored.updatedAt && Object.is(value, stored.value);
    return isSame ? 'unchanged' : 'changed';
  }
}
