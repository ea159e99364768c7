import type { Snapshot } from '../cache/snapshot.ts';
import type { ContentCoding } from '../exposition/content-coding.ts';
import type { Deflater } from '../exposition/deflate.ts';
import type { ExpositionSyntax } from '../exposition/format.ts';
import { streamGzip } from '../exposition/gzip.ts';
import { type Page, PageMaker } from '../exposition/page.ts';
import { CompressionWarmth } from './compression-warmth.ts';
import type { BodyParts } from './scrape-exchange.ts';
import type { SelfMetrics, SelfReport } from './self-metrics.ts';

/** From how many pieces on a page is sent while it is being compressed, rather than a little later. */
const WORTH_STREAMING = 16;

/** Chooses what a view shows of a snapshot; the same snapshot gives the same choice. */
export interface ViewSelector {
  select(snapshot: Snapshot, signal?: AbortSignal): Promise<Snapshot>;
}

/** How a view is made. */
export interface ViewParts {
  /** What compresses the pieces, one for all views of the same chunks. */
  readonly deflater: Deflater;
  /** What the pages tell of the exporter itself. */
  readonly self?: SelfMetrics | undefined;
  /** What the pages are of; all series without one. */
  readonly selector?: ViewSelector | undefined;
}

/** All of the snapshots that follow each other, or the same selection of each: pages, made once. */
export class View {
  readonly #self: SelfMetrics | undefined;
  readonly #selector: ViewSelector | undefined;
  readonly #pages: PageMaker;
  readonly #warmth: CompressionWarmth;
  #newest: Snapshot | undefined;

  /** @param warmth - what to compress ahead. */
  constructor(
    { deflater, self, selector }: ViewParts,
    warmth: CompressionWarmth = new CompressionWarmth(),
  ) {
    this.#self = self;
    this.#selector = selector;
    this.#warmth = warmth;
    this.#pages = new PageMaker(self ?? NO_EXTRAS, deflater);
  }

  /** Lets go of earlier pages and compresses the next ones ahead, for those who have asked lately. */
  async published(snapshot: Snapshot): Promise<void> {
    this.#newest = snapshot;
    const forms = this.#warmth.wanted();
    // What nobody asked for lately is not even selected.
    if (forms.length === 0) {
      this.#pages.keepOnly(snapshot);
      return;
    }
    const selected = await this.#select(snapshot);
    // While this one was selected the next one may have come.
    if (this.#newest !== snapshot) return;
    this.#pages.keepOnly(selected);
    await Promise.all(
      forms.map(({ syntax, coding }) => this.#pages.warm(selected, syntax, coding)),
    );
  }

  /** The body of an answer. Rejects with `aborted` when the one who asks has gone. */
  async body(
    snapshot: Snapshot,
    format: {
      readonly syntax: ExpositionSyntax;
      readonly coding: ContentCoding;
      readonly signal: AbortSignal;
    },
    report: () => SelfReport,
  ): Promise<BodyParts> {
    const { syntax, coding, signal } = format;
    if (coding !== 'identity') this.#warmth.asked({ syntax, coding });
    const selected = await this.#select(snapshot, signal);
    const page = await this.#pages.page(selected, syntax);
    const end = (): Buffer => this.#end(selected, syntax, report);
    if (coding === 'identity') return [...page.pieces, end()];
    if (coding === 'gzip') return this.#gzipped(page, end);
    const stem = await this.#pages.zstd(page);
    return [...stem.parts, stem.end(end())];
  }

  async #select(snapshot: Snapshot, signal?: AbortSignal): Promise<Snapshot> {
    return this.#selector === undefined ? snapshot : this.#selector.select(snapshot, signal);
  }

  async #gzipped(page: Page, end: () => Buffer): Promise<BodyParts> {
    let making = this.#pages.gzipped(page);
    if (making === undefined) {
      const deflating = this.#pages.deflating(page);
      if (deflating.length > WORTH_STREAMING) return streamGzip(deflating, end());
      await Promise.all(deflating);
      making = this.#pages.gzipped(page);
    }
    const stem = await making;
    return stem === undefined
      ? streamGzip(this.#pages.deflating(page), end())
      : [...stem.parts, stem.end(end())];
  }

  /** The lines that differ from scrape to scrape, and the end marker. */
  #end(snapshot: Snapshot, syntax: ExpositionSyntax, report: () => SelfReport): Buffer {
    const lines = this.#self?.latest(snapshot, syntax, report()) ?? '';
    return Buffer.from(`${lines}${syntax === 'openmetrics' ? '# EOF\n' : ''}`);
  }
}

const NO_EXTRAS = Object.freeze({ names: new Set<string>(), lines: () => [] });
