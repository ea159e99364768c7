import type { Snapshot } from '../cache/snapshot.ts';
import type { Selection } from './selection.ts';
import { SnapshotSelector } from './snapshot-selector.ts';
import { Turns } from './turns.ts';

/** How many selectors a cache keeps by default. */
const MOST_SELECTORS = 64;
/** How much text of their own they may have together at least, in bytes. */
const LEAST_BYTES = 16 * 1024 * 1024;

/**
 * The selectors of one handler: fixed ones, and those that queries made up, of which the latest are kept.
 *
 * Scrapers ask the same again and again, so what their selections yielded is worth keeping; but anybody
 * may make up endless others, so there are at most 64, and the text that they hold beside what they
 * share is at most twice that of the whole snapshot (or 16 MiB). The one unused for longest goes first.
 */
export class SelectorCache {
  readonly #turns = new Turns();
  readonly #most: number;
  // In the order of their last use.
  readonly #byText = new Map<string, SnapshotSelector>();

  /** @param most - how many selectors of queries are kept; at least 1. */
  constructor(most: number = MOST_SELECTORS) {
    this.#most = most;
  }

  /** How many selectors of queries are kept. */
  get size(): number {
    return this.#byText.size;
  }

  /** A selector that whoever asks keeps: for the selections of options and views. */
  fixed(selection: Selection): SnapshotSelector {
    return new SnapshotSelector(selection, this.#turns);
  }

  /** The selector of a query's selection: the same object as long as it is kept. */
  selectorOf(selection: Selection): SnapshotSelector {
    const selector = this.#byText.get(selection.text) ?? this.fixed(selection);
    this.#byText.delete(selection.text);
    this.#byText.set(selection.text, selector);
    if (this.#byText.size > this.#most) this.#dropOldest();
    return selector;
  }

  /** What a query's selection wants of a snapshot; see {@link SnapshotSelector.select}. */
  async select(selection: Selection, snapshot: Snapshot, signal?: AbortSignal): Promise<Snapshot> {
    // A pattern that cannot be used must not push out a selector that can.
    await selection.prepare();
    const selected = await this.selectorOf(selection).select(snapshot, signal);
    const limit = Math.max(LEAST_BYTES, snapshot.bytes * 2);
    while (this.#byText.size > 1 && this.#ownBytes() > limit) this.#dropOldest();
    return selected;
  }

  #ownBytes(): number {
    let bytes = 0;
    for (const { ownBytes } of this.#byText.values()) bytes += ownBytes;
    return bytes;
  }

  #dropOldest(): void {
    const [oldest] = this.#byText.keys();
    if (oldest !== undefined) this.#byText.delete(oldest);
  }
}
