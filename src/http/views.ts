import type { ContentCoding } from '../formats/content-coding.ts';
import type { Deflater } from '../formats/deflate.ts';
import { hasZstd } from '../formats/zstd.ts';
import { SnapscrapeError } from '../model/errors.ts';
import type { SnapshotProvider } from '../refresh/snapshot-provider.ts';
import { matchersOf, type Selection } from '../selection/selection.ts';
import { fixedSelection, type SubsetOptions, selectionOf } from '../selection/selection-query.ts';
import { type SelectionQueue, SelectionTurns } from '../selection/selection-queue.ts';
import type { LabelMatcher } from '../selection/selector.ts';
import { SnapshotSelector } from '../selection/snapshot-selector.ts';
import { needsEngine, PatternEngine, type ValuePattern } from '../selection/value-pattern.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { CompressionWarmth } from './compression-warmth.ts';
import type { CheckedHandlerOptions } from './handler-options.ts';
import { ownShare } from './own-share.ts';
import { deflaterFor, queueFor } from './per-reader.ts';
import { QueryView } from './query-view.ts';
import { type SelfFamily, SelfMetrics, seriesName } from './self-metrics.ts';
import { type BodySource, View } from './view.ts';

/** The views of one handler: its own, which is kept, and those of queries, which are not. */
export class Views {
  readonly #options: CheckedHandlerOptions;
  readonly #isKept: boolean;
  readonly #fixed: Selection;
  readonly #selector: SnapshotSelector | undefined;
  /** The compiled patterns of the fixed selection. */
  readonly #patterns = new Map<LabelMatcher, ValuePattern>();
  readonly #deflater: Deflater;
  readonly #queue: SelectionQueue;
  readonly #codings: readonly ContentCoding[];
  readonly #added: readonly SelfFamily[];
  readonly #own: View;
  #ready: Promise<void> | undefined;
  #engine: Promise<PatternEngine> | undefined;

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
    this.#queue = queueFor(reader);
    this.#codings = options.compressions.filter((coding) => coding !== 'zstd' || hasZstd);
    this.#fixed = fixedSelection(options) ?? [];
    if (this.#fixed.length > 0) {
      const patternOf = (matcher: LabelMatcher): ValuePattern => this.#patterns.get(matcher)!;
      this.#selector = new SnapshotSelector(this.#fixed, patternOf, this.#queue);
    }
    this.#own = this.#ownView();
  }

  /**
   * Compiles the patterns of the fixed selection. Rejects with `invalid_options` for an invalid
   * one, and with `dependency_missing` if the options need patterns and the engine is not there.
   */
  ready(): Promise<void> {
    this.#ready ??= this.#compile();
    return this.#ready;
  }

  /**
   * The view that a query asks for; undefined if too many wait for theirs. Rejects with
   * `invalid_selector` for a query that is invalid, and with `aborted`.
   *
   * @param query - without the `?`; its percent escapes must be sound.
   */
  async of(query: string, signal: AbortSignal): Promise<BodySource | undefined> {
    const isRead = this.#options.subsets !== false && query !== '';
    const asked = isRead ? selectionOf(query, this.#limits) : undefined;
    if (asked === undefined) return this.#isKept ? this.#own : this.#ownView();
    const patterns = matchersOf(asked).filter(needsEngine);
    if (patterns.length > 0 && this.#queue.isFull) return undefined;
    const engine = patterns.length > 0 ? await this.#loadEngine() : undefined;
    const turns = new SelectionTurns(this.#queue, signal);
    for (const matcher of patterns) await turns.work(() => engine?.compileQuery(matcher));
    return new QueryView({
      selection: asked,
      patternOf: (matcher) => engine!.compileQuery(matcher),
      codings: this.#codings,
      fixed: this.#selector,
      queue: this.#queue,
      deflater: this.#deflater,
      self: this.#self(asked),
    });
  }

  get #limits(): SubsetOptions {
    const { subsets } = this.#options;
    return typeof subsets === 'object' ? subsets : {};
  }

  /** Has the next page made ahead, in the forms that were scraped lately. */
  published(snapshot: Snapshot): void {
    // What fails is tried again by the scrape that needs it.
    this.ready()
      .then(() => this.#own.published(snapshot))
      .catch(() => undefined);
  }

  async #compile(): Promise<void> {
    const patterns = matchersOf(this.#fixed).filter(needsEngine);
    if (patterns.length === 0 && !this.#limits.patterns) return;
    const engine = await this.#loadEngine();
    try {
      for (const matcher of patterns) {
        this.#patterns.set(matcher, engine.compile(matcher));
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (cause) {
      throw new SnapscrapeError(
        'invalid_options',
        'createOpenMetricsHandler: a pattern of match is invalid; see the cause',
        { cause },
      );
    }
  }

  #loadEngine(): Promise<PatternEngine> {
    this.#engine ??= PatternEngine.of(this.#options.re2js);
    return this.#engine;
  }

  #ownView(): View {
    const { openMetrics } = this.#options;
    const syntax = openMetrics ? 'openmetrics' : 'text';
    const expected = this.#codings.includes('gzip') ? [{ syntax, coding: 'gzip' } as const] : [];
    return new View(
      {
        deflater: this.#deflater,
        codings: this.#codings,
        self: this.#self([]),
        selector: this.#selector,
      },
      new CompressionWarmth(expected),
    );
  }

  /** @param asked - selects the exporter's own metrics, beside what is fixed. */
  #self(asked: Selection): SelfMetrics | undefined {
    const { selfMetrics, metricPrefix } = this.#options;
    if (selfMetrics === false) return undefined;
    const terms = selfMetrics === 'always' ? asked : [...this.#fixed, ...asked];
    return new SelfMetrics(metricPrefix, ownShare(terms, seriesName(metricPrefix)), this.#added);
  }
}
