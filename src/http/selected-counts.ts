import type { FamilyCounts } from '../formats/page.ts';
import type { SelectedChunk } from '../selection/snapshot-selector.ts';
import type { Chunk } from '../snapshot/chunk.ts';
import { type Family, familyPlace } from '../snapshot/snapshot.ts';

/** A family of a snapshot, or of a selected one. */
interface CountedFamily extends Pick<Family, 'name' | 'metadata' | 'series'> {
  readonly chunks: readonly (Chunk | SelectedChunk)[];
}

/**
 * How many series of each family are on a page so far: four bytes for each family of the snapshot.
 */
export class SelectedCounts implements FamilyCounts {
  /** All families that there are, in the order of their names. */
  readonly all: readonly CountedFamily[];
  series = 0;
  readonly #counts: Uint32Array;

  constructor(all: readonly CountedFamily[]) {
    this.all = all;
    this.#counts = new Uint32Array(all.length);
  }

  /** The count of a family, by its place. */
  of(at: number): number {
    return this.#counts[at]!;
  }

  add(at: number, series: number): void {
    this.#counts[at]! += series;
    this.series += series;
  }

  has(name: string): boolean {
    const at = familyPlace(this.all, name);
    return at !== undefined && this.of(at) > 0;
  }

  get families(): Iterable<Pick<Family, 'name' | 'series'>> {
    return this.#families();
  }

  *#families(): Generator<Pick<Family, 'name' | 'series'>, void, undefined> {
    for (const [at, series] of this.#counts.entries()) {
      if (series > 0) yield { name: this.all[at]!.name, series };
    }
  }
}
