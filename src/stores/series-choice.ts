import { rangeOf } from '../model/key/index.ts';
import type { EntryReader } from './driver-reading.ts';
import type { SeriesChoice } from './front-work.ts';
import type { SeriesMatcher } from './metric-store.ts';
import { seriesPredicate } from './series-target.ts';

/** Compiles a matcher that came from outside to a choice of keys. */
export function choiceOf(matcher: SeriesMatcher, reader: EntryReader): SeriesChoice {
  const isChosen = seriesPredicate(matcher);
  const { name, labels } = matcher;
  const range = name === undefined ? undefined : rangeOf(name);
  return (key) => {
    if (range !== undefined) {
      if (key !== range.bare && !key.startsWith(range.start)) return false;
      // Without labels no key has to be read.
      if (labels === undefined) return true;
    }
    const series = reader.series(key);
    return series !== undefined && isChosen(series);
  };
}
