import {
  compareKeys,
  type EscapingScheme,
  escapeName,
  isLabelName,
  KeyFrame,
  renameLabels,
  splitLabels,
} from '../model/key/index.ts';
import type { Pace } from '../scheduling/pace.ts';
import type { EncodedLines } from './encoder.ts';
import { hasQuotedLabels } from './line-escaping.ts';
import { mapLines } from './lines.ts';

/** Series of a family that are left out in a scheme, because another has the same name in it. */
export interface SeriesCollisions {
  /** Their keys. */
  readonly leftOut: ReadonlySet<string>;
  /** How many there are, those included of which two labels get one name. */
  readonly count: number;
}

const NONE: SeriesCollisions = { leftOut: new Set(), count: 0 };

/** A family, whole. */
interface CollidingFamily {
  readonly name: string;
  readonly chunks: readonly EncodedLines[];
}

/**
 * Finds the series of a family that get the name of one before them. Only series whose lists of
 * label names escape alike are compared.
 */
export async function findCollisions(
  { name, chunks }: CollidingFamily,
  scheme: EscapingScheme,
  pace: Pick<Pace, 'shouldYield' | 'yield'>,
): Promise<SeriesCollisions> {
  if (!chunks.some(hasQuotedLabels)) return NONE;
  const frame = new KeyFrame(name);
  const rename = (label: string): string => escapeName(label, scheme, 'label');
  const escapedLists = new EscapedLists(rename);
  let count = 0;
  for (const { text } of chunks) {
    for (const [list, series] of listsOf(text, frame)) {
      if (!escapedLists.add(list)) count += series;
    }
    if (pace.shouldYield()) await pace.yield();
  }
  if (!escapedLists.areAlike) return { leftOut: NONE.leftOut, count };
  const seen = new Set<string>();
  const leftOut = new Set<string>();
  for (const chunk of chunks) {
    mapLines(chunk, (key) => {
      const labels = frame.labelsOf(key);
      if (!escapedLists.isAlike(listOf(labels))) return undefined;
      const escaped = renameLabels(labels, rename);
      if (escaped === undefined) return undefined;
      if (seen.has(escaped)) leftOut.add(key);
      else seen.add(escaped);
      return undefined;
    });
    if (pace.shouldYield()) await pace.yield();
  }
  return { leftOut, count: count + leftOut.size };
}

/** The label names of a series as one text. */
function listOf(labels: string): string {
  return JSON.stringify(splitLabels(labels).map(([label]) => label));
}

const lists = new WeakMap<Buffer, ReadonlyMap<string, number>>();

/** The lists of label names in some lines, and how many series have each. Made once for a text. */
function listsOf(text: Buffer, frame: KeyFrame): ReadonlyMap<string, number> {
  const known = lists.get(text);
  if (known !== undefined) return known;
  const counts = new Map<string, number>();
  mapLines({ text }, (key) => {
    const list = listOf(frame.labelsOf(key));
    counts.set(list, (counts.get(list) ?? 0) + 1);
    return undefined;
  });
  lists.set(text, counts);
  return counts;
}

/** Lists of label names, by what they are when they are escaped. */
class EscapedLists {
  /** Whether two lists are the same when they are escaped. */
  areAlike = false;
  readonly #rename: (label: string) => string;
  readonly #byEscaped = new Map<string, Set<string>>();

  constructor(rename: (label: string) => string) {
    this.#rename = rename;
  }

  /** Notes a list; returns false if no series can have it. */
  add(list: string): boolean {
    const escaped = this.#escape(list);
    if (new Set(escaped).size < escaped.length || !escaped.every(isLabelName)) return false;
    const alike = this.#byEscaped.get(escaped.join()) ?? new Set();
    alike.add(list);
    this.#byEscaped.set(escaped.join(), alike);
    this.areAlike ||= alike.size > 1;
    return true;
  }

  /** Whether another list is the same when both are escaped. */
  isAlike(list: string): boolean {
    return (this.#byEscaped.get(this.#escape(list).join())?.size ?? 0) > 1;
  }

  #escape(list: string): readonly string[] {
    return (JSON.parse(list) as string[]).map(this.#rename).sort(compareKeys);
  }
}
