import type { Snapshot } from '../cache/snapshot.ts';
import type { SnapshotProvider } from '../cache/snapshot-provider.ts';
import type { Deflater } from '../exposition/deflate.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { invalidOptions } from '../model/options.ts';
import { bothSelections, type Selection } from '../selection/selection.ts';
import { selection, selectionOf } from '../selection/selection-query.ts';
import { SelectorCache } from '../selection/selector-cache.ts';
import type { SnapshotSelector } from '../selection/snapshot-selector.ts';
import { CompressionWarmth } from './compression-warmth.ts';
import type { CheckedHandlerOptions } from './handler-options.ts';
import { ownShare } from './own-share.ts';
import { deflaterFor } from './reader-deflaters.ts';
import { type SelfFamily, SelfMetrics, seriesName } from './self-metrics.ts';
import { View, type ViewSelector } from './view.ts';

/** For how many snapshots nobody may ask for a query's page before it is not made ahead any more. */
const QUERY_PATIENCE = 2;

/**
 * The views of one handler: its own, and those that queries ask for, of which the latest are kept for as
 * long as their selectors are.
 */
export class Views {
  readonly #options: CheckedHandlerOptions;
  readonly #isKept: boolean;
  readonly #fixed: Selection | undefined;
  readonly #deflater: Deflater;
  readonly #added: readonly SelfFamily[];
  readonly #selectors = new SelectorCache();
  readonly #own: View;
  readonly #ofQueries = new WeakMap<SnapshotSelector, View>();
  // To tell them of new snapshots; whether they are kept is not decided here.
  readonly #living = new Set<WeakRef<View>>();

  constructor(
    reader: SnapshotProvider,
    options: CheckedHandlerOptions,
    added: readonly SelfFamily[] = [],
  ) {
    this.#options = options;
    this.#added = added;
    // Without a cache there is no next scrape of the same page: it is made and dropped.
    this.#isKept = reader.isKept;
    this.#deflater = deflaterFor(reader, options.gzipLevel);
    this.#fixed = fixedSelection(options);
    this.#own = this.#ownView();
  }

  /** Rejects with `invalid_options` where the fixed selection has a pattern that is none. */
  async ready(): Promise<void> {
    try {
      await this.#fixed?.prepare();
    } catch (cause) {
      throw new SnapscrapeError(
        'invalid_options',
        'createOpenMetricsHandler: a pattern of match cannot be used; see the cause',
        { cause },
      );
    }
  }

  /**
   * The view that a query asks for. Rejects with `invalid_selector` where it asks for what cannot be.
   *
   * @param query - without the `?`; its percent escapes must be sound.
   */
  async of(query: string): Promise<View> {
    const asked = this.#options.subsets && query !== '' ? selectionOf(query) : undefined;
    if (asked === undefined) return this.#isKept ? this.#own : this.#ownView();
    await asked.prepare();
    const both = bothSelections(this.#fixed, asked) ?? asked;
    if (!this.#isKept) return this.#view({ told: asked, selector: this.#selectors.fixed(both) });
    return this.#ofSelection(both, asked);
  }

  /** Has the pages of a new snapshot made ahead, for those who have asked lately. */
  published(snapshot: Snapshot): void {
    // What fails is tried again by the scrape that needs it.
    this.#own.published(snapshot).catch(() => undefined);
    for (const reference of this.#living) {
      const view = reference.deref();
      if (view === undefined) this.#living.delete(reference);
      else view.published(snapshot).catch(() => undefined);
    }
  }

  #ofSelection(both: Selection, asked: Selection): View {
    const kept = this.#selectors.selectorOf(both);
    const known = this.#ofQueries.get(kept);
    if (known !== undefined) return known;
    // Through the cache, which sees to it that all of them together do not hold too much.
    const select: ViewSelector['select'] = (snapshot, signal) =>
      this.#selectors.select(both, snapshot, signal);
    const view = this.#view({ told: asked, selector: { select } });
    this.#ofQueries.set(kept, view);
    this.#living.add(new WeakRef(view));
    return view;
  }

  #ownView(): View {
    const { compressions, openMetrics } = this.#options;
    const syntax = openMetrics ? 'openmetrics' : 'text';
    const expected = compressions.includes('gzip') ? [{ syntax, coding: 'gzip' } as const] : [];
    const fixed = this.#fixed;
    const selector = fixed && this.#selectors.fixed(fixed);
    return this.#view({ told: undefined, selector }, new CompressionWarmth(expected));
  }

  /** @param told - what the exporter's own metrics are selected by beside what is fixed. */
  #view(
    { told, selector }: { told: Selection | undefined; selector: ViewSelector | undefined },
    warmth: CompressionWarmth = new CompressionWarmth([], QUERY_PATIENCE),
  ): View {
    const { selfMetrics, metricPrefix } = this.#options;
    const fixed = selfMetrics === 'always' ? undefined : this.#fixed;
    const share = ownShare(bothSelections(fixed, told), seriesName(metricPrefix));
    const self =
      selfMetrics === false ? undefined : new SelfMetrics(metricPrefix, share, this.#added);
    return new View({ deflater: this.#deflater, self, selector }, warmth);
  }
}

/** What the options select for good. Throws `invalid_options` for what is too much together. */
function fixedSelection(options: CheckedHandlerOptions): Selection | undefined {
  const { names, prefixes, match, shard } = options;
  try {
    return selection({ names, prefixes, match, shard });
  } catch (error) {
    if (!(error instanceof SnapscrapeError)) throw error;
    throw invalidOptions('createOpenMetricsHandler', [error.message]);
  }
}
