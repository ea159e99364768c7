import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { Chunk } from '../snapshot/chunk.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { FamilyFilter } from './family-filter.ts';
import type { PatternSource } from './label-test.ts';
import { LineFilter } from './line-filter.ts';
import {
  allLines,
  copyLines,
  type SelectedLines,
  selectedTails,
  wantedLines,
} from './selected-lines.ts';
import type { Selection } from './selection.ts';
import { type SelectionQueue, SelectionTurns } from './selection-queue.ts';

/** The selected lines of a chunk, and their text and tails. */
export interface SelectedChunk extends SelectedLines, Pick<Chunk, 'text' | 'tails'> {}

/** The selected series of a family; none only if it has none. */
interface SelectedFamily {
  readonly name: string;
  readonly metadata: FamilyMetadata | undefined;
  readonly series: number;
  readonly chunks: readonly SelectedChunk[];
  /** All chunks of an info or a state set; how its lines are shown depends on all of them. */
  readonly whole?: readonly Chunk[] | undefined;
}

/**
 * The part of a snapshot that is selected. A family without points is in it if names alone were
 * selected.
 */
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
    // A failure is for the callers that wait now; the next caller tries again.
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
        let known = this.#known(chunk);
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
      const isEmpty = family.series === 0 && conditions === 'nothing';
      const isManyLined = metadata?.type === 'stateset' || metadata?.type === 'info';
      const whole = isManyLined ? family.chunks : undefined;
      if (series > 0 || isEmpty) families.push({ name, metadata, series, chunks, whole });
      total += series;
    }
    return { families, series: total };
  }

  /** What is known to be selected of a chunk, or of another one with the same text. */
  #known(chunk: Chunk): SelectedChunk | 'none' | undefined {
    const known = this.#chunks.get(chunk.text);
    if (known === undefined || known === 'none' || known.chunk.tails === chunk.tails) return known;
    const { marks } = known;
    const selected = { ...known, chunk, tails: selectedTails({ chunk, marks }) };
    this.#chunks.set(chunk.text, selected);
    return selected;
  }
}

function textOf(lines: SelectedLines | undefined): SelectedChunk | 'none' {
  if (lines === undefined) return 'none';
  const isWhole = lines.marks === undefined;
  const { text, tails } = isWhole ? lines.chunk : copyLines(lines, 0, Infinity);
  return { ...lines, text, tails };
}
