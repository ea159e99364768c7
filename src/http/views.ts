import type { ContentCoding } from '../formats/content-coding.ts';
import { offeredFormats, TEXT_0_0_4 } from '../formats/format.ts';
import { NamePlanner } from '../formats/name-planner.ts';
import { hasZstd } from '../formats/zstd.ts';
import { SnapscrapeError } from '../model/errors.ts';
import type { SnapshotProvider } from '../refresh/snapshot-provider.ts';
import { matchersOf, type Selection } from '../selection/selection.ts';
import { fixedSelection, type SubsetOptions, selectionOf } from '../selection/selection-query.ts';
import { SelectionTurns } from '../selection/selection-queue.ts';
import type { LabelMatcher } from '../selection/selector.ts';
import { SnapshotSelector } from '../selection/snapshot-selector.ts';
import { needsEngine, PatternEngine, type ValuePattern } from '../selection/value-pattern.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { formsOf, type ReaderForms } from './derived-forms.ts';
import type { CheckedHandlerOptions } from './handler-options.ts';
import { QueryView, type QueryViewParts } from './query-view.ts';
import type { SelfFamily } from './self-families.ts';
import { SelfMetrics } from './self-metrics.ts';
import { type BodySource, View, type ViewParts } from './view.ts';

/** The views of one handler: its own, which is kept, and those of queries, which are not. */
export class Views {
  readonly #options: CheckedHandlerOptions;
  readonly #isKept: boolean;
  readonly #fixed: Selection;
  readonly #selector: SnapshotSelector | undefined;
  /** The compiled patterns of the fixed selection. */
  readonly #patterns = new Map<LabelMatcher, ValuePattern>();
  readonly #shared: ReaderForms;
  readonly #codings: readonly ContentCoding[];
  readonly #added: readonly SelfFamily[];
  readonly #planner: NamePlanner;
  readonly #own: View;
  #ready: Promise<void> | undefined;
  #isReady = false;
  #engine: Promise<PatternEngine> | undefined;

  constructor(
    reader: SnapshotProvider,
    options: CheckedHandlerOptions,
    added: readonly SelfFamily[] = [],
    hasOpenMetrics: boolean = true,
  ) {
    this.#options = options;
    this.#added = added;
    // Without a cache there is no next scrape of the same page: it is made and dropped.
    this.#isKept = reader.isKept;
    this.#shared = formsOf(reader);
    this.#codings = options.compressions.filter((coding) => coding !== 'zstd' || hasZstd);
    this.#fixed = fixedSelection(options) ?? [];
    if (this.#fixed.length > 0) {
      const patternOf = (matcher: LabelMatcher): ValuePattern => this.#patterns.get(matcher)!;
      this.#selector = new SnapshotSelector(this.#fixed, patternOf, this.#shared.queue);
    }
    this.#planner = new NamePlanner(this.#selfMetrics([])?.families ?? [], hasOpenMetrics);
    this.#own = this.#ownView();
  }

  /**
   * Compiles the patterns of the fixed selection. Rejects with `invalid_options` for an invalid
   * one, and with `dependency_missing` if the options need patterns and the engine is not there.
   */
  ready(): Promise<void> {
    this.#ready ??= this.#compile().then(() => {
      this.#isReady = true;
    });
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
    if (patterns.length > 0 && this.#shared.queue.isFull) return undefined;
    const engine = patterns.length > 0 ? await this.#loadEngine() : undefined;
    const turns = new SelectionTurns(this.#shared.queue, signal);
    for (const matcher of patterns) await turns.work(() => engine?.compileQuery(matcher));
    const patternOf = (matcher: LabelMatcher): ValuePattern => engine!.compileQuery(matcher);
    return new QueryView({ ...this.#parts(asked), selection: asked, patternOf });
  }

  /** The view of a query that asks for nothing, if it is kept and nothing has to be compiled. */
  kept(query: string): View | undefined {
    const isRead = this.#options.subsets !== false && query !== '';
    return this.#isKept && this.#isReady && !isRead ? this.#own : undefined;
  }

  get #limits(): SubsetOptions {
    const { subsets } = this.#options;
    return typeof subsets === 'object' ? subsets : {};
  }

  /** Has the next page made ahead, in the forms that were scraped lately. */
  published(snapshot: Snapshot): Promise<void> | undefined {
    const made = this.ready().then(() => this.#own.published(snapshot));
    // What fails is tried again by the scrape that needs it.
    made.catch(() => undefined);
    return this.#own.endsUses ? made : undefined;
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
    // What Prometheus asks for.
    const [, openMetrics] = offeredFormats(this.#options);
    const expected = this.#options.openMetrics ? openMetrics : TEXT_0_0_4;
    return new View(this.#parts([]), expected!.encoder);
  }

  /** @param asked - selects the exporter's own metrics, beside what is fixed. */
  #parts(asked: Selection): ViewParts & Pick<QueryViewParts, 'selector'> {
    return {
      shared: this.#shared,
      gzipLevel: this.#options.gzipLevel,
      codings: this.#codings,
      planner: this.#planner,
      self: this.#selfMetrics(asked),
      selector: this.#selector,
    };
  }

  #selfMetrics(asked: Selection): SelfMetrics | undefined {
    const { selfMetrics, metricPrefix } = this.#options;
    const terms = selfMetrics === 'always' ? asked : [...this.#fixed, ...asked];
    return selfMetrics === false ? undefined : new SelfMetrics(metricPrefix, terms, this.#added);
  }
}
