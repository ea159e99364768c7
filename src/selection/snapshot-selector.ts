import type { Chunk } from '../cache/chunk.ts';
import type { Pace } from '../cache/pace.ts';
import {
  EMPTY_SNAPSHOT,
  type Family,
  familyOf,
  type Snapshot,
  snapshotOf,
} from '../cache/snapshot.ts';
import { type LineRanges, rangesOf, retimedSubset, subsetOf } from './chunk-subset.ts';
import { FamilyFilter, familyNamed } from './family-filter.ts';
import { type LineConditions, LineFilter } from './line-filter.ts';
import type { Selection } from './selection.ts';
import { noSelectionWork, type SelectionWork } from './selection-work.ts';
import { SharedRun } from './shared-run.ts';
import { TurnPace, Turns } from './turns.ts';
import { loadPatternEngine } from './value-pattern.ts';

/** How long a selection holds the event loop at a stretch, in ms. */
const SLICE_BUDGET = 5;

/** What was selected of a chunk. */
interface ChunkSelection {
  /** The chunk that this was worked out for; another may have the same text at other times. */
  readonly of: Chunk;
  /** The wanted lines, where they are neither all nor none. */
  readonly ranges: LineRanges | undefined;
  /** The chunk itself where all of it is wanted; undefined where nothing is. */
  readonly selected: Chunk | undefined;
}

/** What one run needs all the way. */
interface SelectionRun {
  readonly pace: Pace;
  readonly families: Family[];
  ownBytes: number;
}

/**
 * Makes of snapshots the parts that a selection wants, as snapshots in their own right.
 *
 * Chunks of which everything is wanted are shared with the whole snapshot, with all that is derived from
 * them. What was selected of a chunk is kept for as long as the chunk's text lives, so after a refresh
 * only chunks that changed are looked at; a snapshot in which nothing selected changed yields the same
 * object as the one before, if anybody still has that. The work is done in slices.
 *
 * The faults of metadata are told of the whole snapshot alone.
 */
export class SnapshotSelector {
  /** What is selected. */
  readonly selection: Selection;
  /** What it cost so far. */
  readonly work: SelectionWork = noSelectionWork();
  readonly #turns: Turns;
  readonly #chunks = new WeakMap<Buffer, ChunkSelection>();
  readonly #snapshots = new WeakMap<Snapshot, SharedRun<Snapshot>>();
  // A selection that nobody asks for any more must not keep an old snapshot alive.
  #latest: WeakRef<Snapshot> | undefined;
  #ownBytes = 0;

  /** @param turns - shared by selectors that may be at work at the same time. */
  constructor(selection: Selection, turns: Turns = new Turns()) {
    this.selection = selection;
    this.#turns = turns;
  }

  /** How many bytes of text the latest result has beside those that it shares with the whole. */
  get ownBytes(): number {
    return this.#ownBytes;
  }

  /**
   * The wanted part of a snapshot; without families when nothing is wanted. Those who ask for the same at
   * the same time share one run, which ends when all of them have gone; what it found out is kept. Rejects
   * with `invalid_selector` for a pattern that cannot be used, as {@link Selection.prepare} does, and with
   * `aborted`.
   *
   * @param signal - aborted when the one who asks has gone.
   */
  select(snapshot: Snapshot, signal?: AbortSignal): Promise<Snapshot> {
    let run = this.#snapshots.get(snapshot);
    if (run === undefined || run.isGivenUp) {
      const begun = new SharedRun((ending) => this.#run(snapshot, ending));
      this.#snapshots.set(snapshot, begun);
      // Those who wait are told; for who asks next it is tried again.
      begun.failed(() => {
        if (this.#snapshots.get(snapshot) === begun) this.#snapshots.delete(snapshot);
      });
      run = begun;
    }
    return run.wait(signal);
  }

  async #run(snapshot: Snapshot, ending: AbortSignal): Promise<Snapshot> {
    const { selection, work } = this;
    await selection.prepare();
    const engine = selection.hasPatterns ? await loadPatternEngine() : undefined;
    await this.#turns.take();
    try {
      ending.throwIfAborted();
      const pace = new TurnPace(SLICE_BUDGET, this.#turns, ending);
      const run = { pace, families: [], ownBytes: 0 };
      await this.#selectFamilies(snapshot, new FamilyFilter(selection, engine, work), run);
      this.#ownBytes = run.ownBytes;
      return this.#finish(snapshot, run.families);
    } finally {
      this.#turns.give();
    }
  }

  async #selectFamilies(
    snapshot: Snapshot,
    filter: FamilyFilter,
    run: SelectionRun,
  ): Promise<void> {
    for (const family of filter.candidates(snapshot)) {
      const conditions = filter.conditionsFor(family);
      if (conditions !== undefined) {
        this.work.families++;
        const chunks = await this.#selectChunks(family, conditions, run);
        if (chunks.length > 0) run.families.push(this.#familyOf(family, chunks));
      }
      if (run.pace.due()) await run.pace.rest();
    }
  }

  async #selectChunks(
    family: Family,
    conditions: LineConditions,
    run: SelectionRun,
  ): Promise<readonly Chunk[]> {
    if (conditions.choices.length === 0 && conditions.shards.length === 0) return family.chunks;
    let filter: LineFilter | undefined;
    const chunks: Chunk[] = [];
    for (const chunk of family.chunks) {
      let known = this.#chunks.get(chunk.text);
      if (known?.of !== chunk) {
        filter ??= new LineFilter(conditions, this.work);
        known = known ? retimed(known, chunk) : await this.#selectLines(chunk, filter, run.pace);
        this.#chunks.set(chunk.text, known);
        if (run.pace.due()) await run.pace.rest();
      }
      if (known.selected === undefined) continue;
      chunks.push(known.selected);
      if (known.ranges !== undefined) run.ownBytes += known.selected.text.length;
    }
    return chunks;
  }

  async #selectLines(chunk: Chunk, filter: LineFilter, pace: Pace): Promise<ChunkSelection> {
    this.work.chunks++;
    const verdict = filter.judge(chunk);
    if (verdict !== 'some') {
      return { of: chunk, ranges: undefined, selected: verdict === 'all' ? chunk : undefined };
    }
    this.work.chunksSearched++;
    const ranges = rangesOf(await filter.mark(chunk, pace), chunk.series);
    if (ranges.length === 0) return { of: chunk, ranges: undefined, selected: undefined };
    const isWhole = ranges[0] === 0 && ranges[1] === chunk.series;
    if (isWhole) return { of: chunk, ranges: undefined, selected: chunk };
    return { of: chunk, ranges, selected: subsetOf(chunk, ranges) };
  }

  /** The family of some chunks: the source's or that of the run before, where it is the same. */
  #familyOf(family: Family, chunks: readonly Chunk[]): Family {
    if (sameItems(chunks, family.chunks)) return family;
    const latest = this.#latest?.deref();
    const before = latest && familyNamed(latest, family.name);
    const isSame = before?.metadata === family.metadata && sameItems(chunks, before?.chunks ?? []);
    return before && isSame ? before : familyOf(family.name, family.metadata, chunks);
  }

  #finish(snapshot: Snapshot, families: readonly Family[]): Snapshot {
    if (sameItems(families, snapshot.families)) return snapshot;
    const latest = this.#latest?.deref();
    if (latest !== undefined && sameItems(families, latest.families)) return latest;
    const selected = snapshotOf(families, EMPTY_SNAPSHOT.familyFaults);
    this.#latest = new WeakRef(selected);
    return selected;
  }
}

/** What is known of a chunk's text, for another chunk with that text. */
function retimed({ ranges, selected }: ChunkSelection, chunk: Chunk): ChunkSelection {
  if (selected === undefined) return { of: chunk, ranges, selected };
  if (ranges === undefined) return { of: chunk, ranges, selected: chunk };
  return { of: chunk, ranges, selected: retimedSubset(selected, chunk, ranges) };
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
