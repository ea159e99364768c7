import { type Entries, NO_SLOT, type SlotEntries } from '../model/entries.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import { nameOf } from '../model/key/index.ts';
import type { Many } from '../model/snapshot-reader.ts';
import { type ReadPart, SourceReader, type SourceReadOptions } from '../model/source-read.ts';
import { sourceReaderOf } from '../refresh/public-reader.ts';
import { GroupsReader } from './groups-reader.ts';
import { OWN_FAMILIES } from './own-families.ts';
import type { OwnMetrics } from './own-metrics.ts';
import { PUSH_FAILURE_TIME, PUSH_TIME } from './prepared-push.ts';
import type { PushedGroups } from './pushed-groups.ts';
import { shownKey } from './stored-labels.ts';
import { shownPayload } from './stored-value.ts';

/** Reads what a gateway's page shows: the pushed series as they are shown, and its own. */
class PageSource extends SourceReader {
  readonly #inner: SourceReader;
  readonly #groups: PushedGroups;
  readonly #own: OwnMetrics;

  constructor(groups: PushedGroups, own: OwnMetrics) {
    super();
    this.#inner = sourceReaderOf(groups.store);
    this.#groups = groups;
    this.#own = own;
  }

  /** A cache reads by `read`. */
  snapshot(): readonly never[] {
    return [];
  }

  override async *read(
    since: string | undefined,
    options: SourceReadOptions,
  ): AsyncGenerator<ReadPart> {
    const endRead = this.#groups.touched.beginRead();
    try {
      yield* this.#parts(since, options);
    } finally {
      endRead();
    }
  }

  async *#parts(since: string | undefined, options: SourceReadOptions): AsyncGenerator<ReadPart> {
    const own = this.#own.entries();
    let layout: object | undefined;
    const numbered = (page: SlotEntries): void => void (layout = page.layout);
    const present = new Set(own.keys.map(nameOf));
    for await (const part of this.#inner.read(since, options)) {
      if (part.kind === 'families') {
        yield { kind: 'families', items: this.#shownFamilies(part.items, present) };
      } else if (part.kind === 'entries') {
        yield { kind: 'entries', items: shownPages(part.items, numbered), isTyped: true };
      } else if (part.kind === 'end') {
        yield { kind: 'entries', items: [besideNumbered(own, layout)], isTyped: true };
        // Own series change without the state of the store, so it is not the state of the page.
        yield { ...part, state: undefined };
      } else yield part;
    }
  }

  /**
   * The families of the store that have series, and those of the gateway. The store knows families
   * that no group has any more.
   */
  async *#shownFamilies(
    items: unknown,
    present: ReadonlySet<string>,
  ): AsyncGenerator<FamilyMetadata> {
    const groups = this.#groups;
    for await (const family of items as Many<FamilyMetadata>) {
      const { name } = family;
      if (!OWN_FAMILIES.has(name) && groups.mayHave(name)) yield family;
    }
    for (const { name, type, help } of OWN_FAMILIES.values()) {
      const isOfGroups = name === PUSH_TIME || name === PUSH_FAILURE_TIME;
      const isShown = isOfGroups ? groups.index.groups.size > 0 : present.has(name);
      if (isShown || groups.mayHave(name)) yield { name, type, help };
    }
  }
}

/** @param numbered - is told of each page whose series the store has numbers for. */
async function* shownPages(
  pages: Many<Entries | SlotEntries>,
  numbered: (page: SlotEntries) => void,
): AsyncGenerator<Entries> {
  for await (const page of pages) {
    if ('layout' in page) numbered(page);
    yield {
      // With its numbers, by which a cache finds the lines.
      ...page,
      keys: page.keys.map(shownKey),
      payloads: page.payloads.map((payload) =>
        payload === undefined ? undefined : shownPayload(payload),
      ),
    };
  }
}

/** Series without numbers, to be read with those of a layout. */
function besideNumbered(own: Entries, layout: object | undefined): Entries | SlotEntries {
  if (layout === undefined) return own;
  return { ...own, layout, slots: new Uint32Array(own.keys.length).fill(NO_SLOT) };
}

/** Reads the page of a gateway when it is asked for. */
export class PageReader extends GroupsReader {
  constructor(groups: PushedGroups, own: OwnMetrics) {
    const config = {
      refreshInterval: 0,
      // A key on the page is longer than in the store by the labels without a value.
      maxSeriesBytes: 131_072,
      onError: () => undefined,
    };
    super(new PageSource(groups, own), config, groups);
  }
}
