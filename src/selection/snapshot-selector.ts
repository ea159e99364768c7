import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { FamilyFilter } from './family-filter.ts';
import type { PatternSource } from './label-test.ts';
import { LineFilter } from './line-filter.ts';
import { allLines, copyLines, type SelectedLines, wantedLines } from './selected-lines.ts';
import type { Selection } from './selection.ts';
import { type SelectionQueue, SelectionTurns } from './selection-queue.ts';

/** The selected lines of a chunk, and their text. */
export interface SelectedChunk extends SelectedLines {
  readonly text: Buffer;
}

/** The selected series of a family, at least one. */
interface SelectedFamily {
  readonly name: string;
  readonly metadata: FamilyMetadata | undefined;
  readonly series: number;
  readonly chunks: readonly SelectedChunk[];
}

/** The part of a snapshot that is selected, without empty families. */
export interface SelectedSnapshot {
  readonly families: readonly SelectedFamily[];
  readonly series: number;
}

/**
 * Selects the same part of each snapshot: for selections that are fixed by options.
 *
 * A chunk of which all is wanted is shared with the snapshot. What is selected of a chunk is kept
 * as long as the chunk's text, so after a refresh only chunks that changed are looked at.
 */
export class SnapshotSelector {
  readonly #filter: FamilyFilter;
  readonly #queue: SelectionQueue;
  readonly #chunks = new WeakMap<Buffer, SelectedChunk | 'none'>();
  readonly #snapshots = new WeakMap<Snapshot, Promise<SelectedSnapshot>>();

  constructor(selection: Selection, patternOf: PatternSource, queue: SelectionQueue) {
    this.#filter = new FamilyFilter(selection, patternOf);
    this.#queue = queue;
  }

  /** The selected part of a snapshot, made once. */
  select(snapshot: Snapshot): Promise<SelectedSnapshot> {
    const known = this.#snapshots.get(snapshot);
    if (known !== undefined) return known;
    const turns = new SelectionTurns(this.#queue);
    const selected = turns.work(() => this.#select(snapshot, turns));
    // A failure is for those who wait now; the next caller tries again.
    selected.catch(() => this.#snapshots.delete(snapshot));
    this.#snapshots.set(snapshot, selected);
    return selected;
  }

  async #select(snapshot: Snapshot, turns: SelectionTurns): Promise<SelectedSnapshot> {
    const families: SelectedFamily[] = [];
    let total = 0;
    for (const family of snapshot.families) {
      if (turns.shouldYield()) await turns.yield();
      const conditions = this.#filter.conditionsFor(family);
      if (conditions === undefined) continue;
      const filter = conditions === 'nothing' ? undefined : new LineFilter(conditions);
      const chunks: SelectedChunk[] = [];
      let series = 0;
      for (const chunk of family.chunks) {
        let known = this.#chunks.get(chunk.text);
        if (known === undefined) {
          const all = allLines(chunk);
          known = textOf(filter ? await wantedLines(all, filter, turns) : all);
          this.#chunks.set(chunk.text, known);
          if (turns.shouldYield()) await turns.yield();
        }
        if (known === 'none') continue;
        chunks.push(known);
        series += known.series;
      }
      const { name, metadata } = family;
      if (series > 0) families.push({ name, metadata, series, chunks });
      total += series;
    }
    return { families, series: total };
  }
}

function textOf(lines: SelectedLines | undefined): SelectedChunk | 'none' {
  if (lines === undefined) return 'none';
  const isWhole = lines.marks === undefined;
  return { ...lines, text: isWhole ? lines.chunk.text : copyLines(lines, 0, Infinity).text };
}
