import type { ContentCoding } from '../formats/content-coding.ts';
import type { Deflater } from '../formats/deflate.ts';
import type { Encoder } from '../formats/encoder.ts';
import type { PageFormat } from '../formats/exposition.ts';
import { streamGzip } from '../formats/gzip.ts';
import type { NamePlan } from '../formats/name-plan.ts';
import type { NamePlanner } from '../formats/name-planner.ts';
import { type Page, type PageContent, PageMaker } from '../formats/page.ts';
import type { EscapingScheme } from '../model/key/index.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { SnapshotUse } from '../snapshot/snapshot-use.ts';
import { type ReaderForms, RecentForms } from './derived-forms.ts';
import { pageEnd, passingEnd } from './page-end.ts';
import { type PageForm, PageForms, type PageKind } from './page-forms.ts';
import { type ReadyPage, ReadyPages } from './ready-pages.ts';
import type { BodyParts } from './scrape-exchange.ts';
import type { SelfReport } from './self-families.ts';
import type { SelfMetrics } from './self-metrics.ts';

/**
 * From how many pieces on a page is sent while it is being compressed, rather than a little later.
 */
const WORTH_STREAMING = 16;

/** How a body is written. */
export interface BodyFormat {
  readonly encoder: Encoder;
  /** Of the snapshot, in the escaping that the client asked for. */
  readonly plan: NamePlan;
  readonly coding: ContentCoding;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** The use that the snapshot was chosen for, if the body source ends uses. */
  readonly use?: SnapshotUse | undefined;
}

/** Writes the bodies of responses. */
export interface BodySource {
  /** Plans the names of a snapshot. */
  plan(snapshot: Snapshot, scheme: EscapingScheme): Promise<NamePlan>;
  /** The codings that it can write in a format. */
  codings(format: PageFormat): readonly ContentCoding[];
  /** Whether it is for a query, which any client can send. */
  readonly isOfQuery: boolean;
  /**
   * Whether it tells a use when it reads the snapshot's texts last; otherwise the snapshot has to be
   * kept.
   */
  readonly endsUses: boolean;
  /** A body; undefined if too many clients wait for theirs. Rejects with `aborted`. */
  body(
    snapshot: Snapshot,
    format: BodyFormat,
    report: () => SelfReport,
  ): Promise<BodyParts | undefined>;
}

/** How a view is made. */
export interface ViewParts {
  /** What all views of the reader share. */
  readonly shared: ReaderForms;
  /** The effort of gzip. */
  readonly gzipLevel: number;
  /** The codings that it can write. */
  readonly codings: readonly ContentCoding[];
  readonly planner: NamePlanner;
  /** The exporter's own metrics. */
  readonly self?: SelfMetrics | undefined;
  /** Chooses what the pages show, and a query can only restrict; all series without one. */
  readonly selector?: { select(snapshot: Snapshot): Promise<PageContent> } | undefined;
}

/** What a client asks for. */
export interface AskedFormat {
  readonly encoder: Encoder;
  readonly escaping: EscapingScheme;
  /** Chooses among the codings that can be written. */
  readonly codingOf: (codings: readonly ContentCoding[]) => ContentCoding;
}

/** A body that lies ready. */
export interface ReadyBody {
  readonly coding: ContentCoding;
  readonly parts: readonly Buffer[];
}

/** A page to be sent with gzip. */
interface GzippedPage {
  readonly page: Page;
  /** Whether its form is kept. */
  readonly isKept: boolean;
  readonly end: () => Buffer;
  readonly use: SnapshotUse | undefined;
}

/** All of the snapshots that follow each other, or the same selection of each: pages, made once. */
export class View implements BodySource {
  readonly isOfQuery = false;
  readonly endsUses: boolean;
  readonly #parts: ViewParts;
  readonly #all = new PageForms();
  readonly #forms = new RecentForms<PageForm>();
  readonly #makers = new Map<PageKind, PageMaker>();
  readonly #ready = new ReadyPages<PageForm>();
  #newest: Snapshot | undefined;

  /** @param expected - the format that is made ahead with gzip before the first scrape. */
  constructor(parts: ViewParts, expected: Encoder) {
    this.#parts = parts;
    // A selection is kept beside the snapshots that it was made of.
    this.endsUses = parts.selector === undefined;
    if (!parts.codings.includes('gzip')) return;
    this.#forms.asked(this.#all.of(expected, 'allow-utf-8', 'gzip'));
    parts.shared.asked(parts.gzipLevel);
    parts.shared.askedFor(expected);
  }

  async plan(snapshot: Snapshot, scheme: EscapingScheme): Promise<NamePlan> {
    const plan = await this.#parts.planner.plan(snapshot.families, scheme);
    this.#ready.keepPlan(snapshot, scheme, plan);
    return plan;
  }

  codings({ encoder, plan }: PageFormat): readonly ContentCoding[] {
    if (!this.#parts.codings.includes('zstd')) return this.#parts.codings;
    // A stream of zstd has a window of its own in memory for each client, and shares nothing.
    return this.#parts.codings.filter(
      (coding) =>
        coding !== 'zstd' || this.#forms.canKeep(this.#all.of(encoder, plan.scheme, coding)),
    );
  }

  /**
   * Drops earlier pages and makes the next ones ahead, in the forms that are kept; short ones all but
   * the compression. When it is done it reads no more of the snapshot's texts; if it fails, it may.
   */
  async published(snapshot: Snapshot): Promise<void> {
    this.#newest = snapshot;
    const schemes = this.#ready.begin(snapshot);
    this.#parts.shared.published(snapshot);
    const forms = this.#forms.published();
    for (const kind of this.#makers.keys()) {
      if (!forms.some((form) => form.kind === kind)) this.#makers.delete(kind);
    }
    // Without a recent scrape nothing is selected either.
    if (forms.length === 0) return;
    await this.#select(snapshot);
    // Meanwhile the next one may have come.
    if (this.#newest !== snapshot) return;
    await Promise.all(schemes.map((scheme) => this.plan(snapshot, scheme)));
    await Promise.all(forms.map((form) => this.#makeAhead(snapshot, form)));
  }

  async body(
    snapshot: Snapshot,
    { encoder, plan, coding, use }: BodyFormat,
    report: () => SelfReport,
  ): Promise<BodyParts> {
    const { self } = this.#parts;
    const form = this.#all.of(encoder, plan.scheme, coding);
    const isKept = this.#asked(form);
    const page = await this.#page(snapshot, form.kind, plan);
    const end = (): Buffer => pageEnd(self, { encoder, plan }, report);
    if (coding === 'gzip') return this.#gzippedBody(snapshot, form, { page, isKept, end, use });
    if (coding === 'identity') {
      use?.keep(); // Nothing tells when the texts have been sent.
      this.#ready.keep(snapshot, form, page.pieces);
      return [...page.pieces, end()];
    }
    const stem = await page.zstd();
    return [...stem.parts, stem.end(end())];
  }

  /** A body at once; undefined if any part of it has to be made. */
  readyBody(
    snapshot: Snapshot,
    { encoder, escaping, codingOf }: AskedFormat,
    report: () => SelfReport,
  ): ReadyBody | undefined {
    const plan = this.#ready.plan(snapshot, escaping);
    if (plan === undefined) return undefined;
    const coding = codingOf(this.codings({ encoder, plan }));
    const form = this.#all.of(encoder, plan.scheme, coding);
    const page = this.#ready.page(snapshot, form);
    if (page === undefined) return undefined;
    this.#asked(form);
    const endOf = coding === 'identity' ? pageEnd : passingEnd;
    const end = endOf(this.#parts.self, { encoder, plan }, report);
    return { coding, parts: [...page.parts, page.end(end)] };
  }

  /** Notes a scrape; returns whether its form is kept. */
  #asked(form: PageForm): boolean {
    const { shared, gzipLevel } = this.#parts;
    if (form.coding === 'gzip') shared.asked(gzipLevel);
    shared.askedFor(form.kind.encoder);
    return this.#forms.asked(form);
  }

  async #makeAhead(snapshot: Snapshot, form: PageForm): Promise<void> {
    const { kind, coding } = form;
    const plan = await this.plan(snapshot, kind.scheme);
    const page = await this.#page(snapshot, kind, plan);
    if (coding === 'zstd') await page.zstd();
    if (coding === 'identity') this.#ready.keep(snapshot, form, page.pieces);
    if (coding !== 'gzip') return;
    const deflater = this.#parts.shared.deflater(this.#parts.gzipLevel);
    if (page.isShort(deflater)) {
      this.#ready.keep(snapshot, form, shortPage(page, deflater));
      return;
    }
    await Promise.all(page.deflating(deflater));
    if (this.#newest !== snapshot) return;
    const stem = await page.gzipped(deflater);
    if (stem !== undefined) this.#ready.keep(snapshot, form, stem);
  }

  /** A page with gzip: a long one that does not lie ready is sent while it is being compressed. */
  async #gzippedBody(
    snapshot: Snapshot,
    form: PageForm,
    { page, isKept, end, use }: GzippedPage,
  ): Promise<BodyParts> {
    const { shared, gzipLevel } = this.#parts;
    const deflater = shared.deflater(gzipLevel);
    if (page.isShort(deflater)) {
      const ready = shortPage(page, deflater);
      if (isKept) this.#ready.keep(snapshot, form, ready);
      return [...ready.parts, ready.end(end())];
    }
    const isLong = page.pieces.length > WORTH_STREAMING;
    let making = isKept || !isLong ? page.gzipped(deflater) : undefined;
    if (making === undefined) {
      const pieces = page.deflating(deflater);
      // The thread pool reads the texts, whether or not a client is left.
      use?.until(Promise.allSettled(pieces));
      if (isLong) return streamGzip(pieces, end);
      await Promise.all(pieces);
      making = page.gzipped(deflater)!;
    }
    const stem = await making;
    if (isKept) this.#ready.keep(snapshot, form, stem);
    return [...stem.parts, stem.end(end())];
  }

  async #page(snapshot: Snapshot, kind: PageKind, plan: NamePlan): Promise<Page> {
    const { self, shared } = this.#parts;
    const content = await this.#select(snapshot);
    const { encoder } = kind;
    const maker =
      this.#makers.get(kind) ?? new PageMaker(encoder, self?.countFamilies, shared.bodies(encoder));
    this.#makers.set(kind, maker);
    return maker.page(content, plan);
  }

  async #select(snapshot: Snapshot): Promise<PageContent> {
    const { selector } = this.#parts;
    return selector === undefined ? snapshot : selector.select(snapshot);
  }
}

/** A short page, which the first scrape compresses. */
function shortPage(page: Page, deflater: Deflater): ReadyPage {
  return {
    get parts() {
      return page.gzippedNow(deflater).parts;
    },
    end: (text) => page.gzippedNow(deflater).end(text),
  };
}
