import type { Entries, Payload } from '../driver.ts';
import type { Environment } from './environment.ts';
import type { ReadFrame } from './read-frame.ts';
import { LOST_TEXT, pageOf, placeOf, type SamplePage, type SampleView } from './sample-pages.ts';
import { SeriesIndex } from './series-index.ts';
import type { KeyRange } from './series-key.ts';
import type { SeriesWalk } from './series-walk.ts';

// A page is read at once; so many series take a ms or two. The first ones are smaller: a reader has
// its first point soon, and one that rests is soon noticed.
const FIRST_PAGE = 64;
const LARGEST_PAGE = 1_024;

/** The series of a frame in order: all, or those in some ranges. */
export function* pagesOf(
  frame: ReadFrame,
  ranges: readonly KeyRange[],
): Generator<Entries, void, undefined> {
  let most = FIRST_PAGE;
  for (const range of ranges) {
    const walk = frame.walk(range);
    for (let isLast = false; !isLast; most = Math.min(2 * most, LARGEST_PAGE)) {
      frame.assertOpen();
      const page = nextPage(walk, frame.samples, most);
      isLast = page.keys.length < most;
      if (page.keys.length > 0) yield page;
    }
  }
}

function nextPage(walk: SeriesWalk, samples: SampleView, most: number): Entries {
  const page = new PageDraft();
  while (page.keys.length < most && walk.advance()) {
    samples.read(walk.slot);
    page.add(walk.id, samples.payload, samples.updatedAt);
  }
  return page;
}

/** What series are in a frame, or that they ended. */
export function entriesOf(
  { series }: Environment,
  { samples, transaction }: ReadFrame,
  keys: readonly string[],
): Entries {
  const index = new SeriesIndex(series);
  const draft = new PageDraft();
  // What was written together often stands on one page.
  let number: number | undefined;
  let page: SamplePage | undefined;
  for (const key of keys) {
    const slot = index.slotOf(key, transaction);
    if (slot === undefined) {
      draft.add(key, undefined, 0);
      continue;
    }
    if (page === undefined || pageOf(slot) !== number) {
      number = pageOf(slot);
      page = samples.page(number);
    }
    draft.add(key, samples.payloadOn(page, slot), page[placeOf(slot) + 1]!);
  }
  return draft;
}

class PageDraft implements Entries {
  readonly keys: string[] = [];
  readonly payloads: (Payload | undefined)[] = [];
  readonly times: number[] = [];

  add(key: string, payload: Payload | undefined, time: number): void {
    this.keys.push(key);
    this.payloads.push(Number.isFinite(time) ? payload : LOST_TEXT);
    this.times.push(time);
  }
}
