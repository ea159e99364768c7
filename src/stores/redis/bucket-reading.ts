import type { Entries } from '../../model/entries.ts';
import { SnapscrapeError } from '../../model/errors.ts';
import type { ReadOptions } from '../../model/snapshot-reader.ts';
import type { Position } from './cursor.ts';
import { type DataSet, type PartitionHead, readHead } from './data-set.ts';
import { type Layout, numbersBetween } from './layout.ts';
import { READ } from './read-scripts.ts';
import { countOf, listOf, pairsOf, textOf, unexpectedReply } from './replies.ts';
import { readSamples } from './stored-sample.ts';

// A read takes the server a millisecond or so, and its reply stays small.
const READ_SERIES = 1_000;
const READ_BYTES = 262_144;
// A bucket, or buckets together, that are so much larger than they should be are read in slices.
const LARGE = 4;
// Reads that are under way while what came is taken apart.
const READS_AHEAD = 3;
const MOST_BUCKETS = 64;
const WHOLE_PARTITION = [String(READ_SERIES), String(READ_BYTES)];

/** What one read found, all of it at one moment. */
export interface BucketPage {
  /** Where the partition was. */
  readonly at: Position;
  /** A line for each id and one for its text. */
  readonly text: string;
  /** The beginnings of fields and texts that have a line feed in them, which no sample has. */
  readonly foreign: readonly string[];
  /** The ids of earlier slices of the same bucket, which may show some of them again. */
  readonly seen: Set<string> | undefined;
}

/**
 * The series of a page, but for those that changed since; to be called once for each page.
 *
 * @param changes - what series became since, by id.
 */
export function entriesOf(page: BucketPage, changes: ReadonlyMap<string, unknown>): Entries {
  const { text, foreign, seen } = page;
  let lines = text === '' ? [] : text.split('\n');
  if (seen !== undefined || changes.size > 0) {
    const all = lines;
    lines = [];
    for (let i = 0; i < all.length; i += 2) {
      const id = all[i]!;
      if (seen?.has(id) || changes.has(id)) continue;
      seen?.add(id);
      lines.push(id, all[i + 1]!);
    }
  }
  // What is foreign may be cut off, so its text is no longer the one that is there.
  return readSamples(
    lines.concat(foreign.map((field, i) => (i % 2 === 0 ? field : '0 '))),
    'bucket',
  );
}

interface Reply {
  readonly page: BucketPage;
  readonly head: PartitionHead;
  /** Buckets that were left out because they are large. */
  readonly large: readonly number[];
  /** Where to go on within a bucket; empty for nowhere. */
  readonly after: string;
  /** Whether nothing was read, because the partition is too large. */
  readonly isTooLarge: boolean;
}

/** Where a read goes on within a bucket, and what it has seen of it; empty for whole buckets. */
interface Slice {
  readonly from: string;
  readonly seen?: Set<string>;
}

const WHOLE: Slice = { from: '' };

/**
 * Reads all buckets of a partition, page by page. A small partition is one page. Between two pages
 * others write: a series that is changed meanwhile may be found before or after that, or twice.
 */
export class BucketReading {
  readonly #dataSet: DataSet;
  readonly #partition: number;
  readonly #layout: Layout;
  readonly #options: ReadOptions;
  #slice = READ_SERIES;

  constructor(dataSet: DataSet, partition: number, layout: Layout, options: ReadOptions) {
    this.#dataSet = dataSet;
    this.#partition = partition;
    this.#layout = layout;
    this.#options = options;
  }

  async *pages(): AsyncGenerator<BucketPage, void, undefined> {
    const { buckets } = this.#layout;
    const first = await this.#read(numbersBetween(0, buckets), WHOLE, WHOLE_PARTITION);
    yield first.page;
    yield* this.#slices(first.large);
    if (!first.isTooLarge) return;
    const { series, idBytes } = first.head;
    const perRead = Math.floor(READ_BYTES / Math.max(1, idBytes / Math.max(1, series)));
    this.#slice = Math.max(8, Math.min(READ_SERIES, perRead));
    const group = bucketsPerRead(first.head, this.#layout);
    const ahead: Promise<Reply>[] = [];
    for (let from = 0; from < buckets || ahead.length > 0; ) {
      while (ahead.length < READS_AHEAD && from < buckets) {
        const to = Math.min(from + group, buckets);
        const read = this.#read(numbersBetween(from, to), WHOLE);
        // It is awaited later, or never; until then it must not count as unhandled.
        read.catch(() => undefined);
        ahead.push(read);
        from = to;
      }
      const { page, large } = (await ahead.shift())!;
      yield page;
      yield* this.#slices(large);
    }
  }

  async *#slices(buckets: readonly number[]): AsyncGenerator<BucketPage, void, undefined> {
    for (const bucket of buckets) {
      const seen = new Set<string>();
      for (let from = '0'; ; ) {
        const { page, after } = await this.#read([bucket], { from, seen });
        yield page;
        if (after === '0') break;
        from = after;
      }
    }
  }

  /**
   * Reads buckets. A page in which a line feed is found is read again, to tell what it belongs to.
   */
  async #read(
    buckets: readonly number[],
    slice: Slice,
    most: readonly string[] = ['', ''],
  ): Promise<Reply> {
    const reply = await this.#ask(buckets, slice, most, '');
    return reply ?? (await this.#ask(buckets, slice, most, 'apart'))!;
  }

  async #ask(
    buckets: readonly number[],
    { from, seen }: Slice,
    most: readonly string[],
    how: '' | 'apart',
  ): Promise<Reply | undefined> {
    this.#assertWanted();
    const { calls, keys } = this.#dataSet;
    const { state, log, bucket } = keys.partition(this.#partition);
    const scriptKeys = [state, log, ...buckets.map(bucket)];
    const large = String(this.#slice * LARGE);
    const args = [large, large, from, String(this.#slice), ...most, how];
    const reply = listOf(await calls.run('snapshot', READ, scriptKeys, args), 10);
    const head = readHead(reply);
    this.#dataSet.assertLayout(head.layout);
    const [after, places, count, text] = reply.slice(5, 9).map(textOf);
    const samples = count === '-1' ? -1 : countOf(count);
    if (samples > 0 && linesOf(text!) !== 2 * samples) {
      if (how === '') return undefined;
      throw unexpectedReply();
    }
    return {
      head,
      page: { at: head.at, text: samples > 0 ? text! : '', foreign: pairsOf(reply[9]), seen },
      large: places === '' ? [] : places!.split(' ').map((place) => bucketAt(buckets, place)),
      after: after!,
      isTooLarge: samples < 0,
    };
  }

  #assertWanted(): void {
    this.#dataSet.calls.assertOpen('snapshot');
    if (this.#options.signal?.aborted !== true) return;
    throw new SnapscrapeError('aborted', 'The caller gave up the snapshot', {
      cause: this.#options.signal.reason,
    });
  }
}

/** How many buckets make a read of the right size. */
function bucketsPerRead({ series, idBytes }: PartitionHead, { buckets }: Layout): number {
  const reads = Math.max(series / READ_SERIES, idBytes / READ_BYTES);
  return Math.max(1, Math.min(MOST_BUCKETS, Math.floor(buckets / reads)));
}

function bucketAt(buckets: readonly number[], place: string): number {
  const bucket = buckets[countOf(place)];
  if (bucket === undefined) throw unexpectedReply();
  return bucket;
}

function linesOf(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
