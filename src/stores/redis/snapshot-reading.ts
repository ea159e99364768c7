import { SnapscrapeError } from '../../model/errors.ts';
import type { ReadOptions } from '../../model/snapshot-reader.ts';
import { type CursorState, formatCursor, type Position, type Progress } from './cursor.ts';
import type { DataSet, PartitionHead } from './data-set.ts';
import type { Layout } from './layout.ts';
import { READ } from './partition-scripts.ts';
import { countOf, listOf, pairsOf, textsOf, unexpectedReply } from './replies.ts';
import { newToken } from './token.ts';

// A read takes the server a millisecond or so, and its answer stays small.
const READ_SERIES = 1_000;
const READ_BYTES = 262_144;
// A bucket that is so much larger than it should be is read in slices.
const LARGE = 4;
// Reads that are under way while what came is taken apart.
const READS_AHEAD = 3;
const MOST_BUCKETS = 64;

/** What became of the points of a snapshot that is being read. */
export interface PointPages {
  /** Ids and the texts of their samples in turn; the cursor is there when all of them were read. */
  pages(): AsyncGenerator<readonly string[], void, undefined>;
  /** The cursor of exactly what was read; undefined until all of it was. */
  readonly cursor: string | undefined;
}

/**
 * Reads all buckets of all partitions, in pages.
 *
 * Others write meanwhile. What they change is in the log behind the position at which the reading began, so
 * a delta from there leads to a state that was. Should the history be replaced meanwhile by one that lacks
 * changes (a failover, a restored backup), pages of both would be a mixture: each read therefore checks that
 * the last changes which earlier reads saw are in the log still, and the cursor says up to where there is
 * something to check for the delta that follows.
 */
export class SnapshotReading implements PointPages {
  cursor: string | undefined;
  readonly #dataSet: DataSet;
  readonly #options: ReadOptions;

  constructor(dataSet: DataSet, options: ReadOptions) {
    this.#dataSet = dataSet;
    this.#options = options;
  }

  async *pages(): AsyncGenerator<readonly string[], void, undefined> {
    const layout = await this.#dataSet.readLayout('snapshot');
    const progress: Progress[] = [];
    for (let partition = 0; partition < layout.partitions; partition++) {
      progress.push(yield* this.#partition(partition, layout));
    }
    const state: CursorState = { progress, nonce: newToken() };
    this.cursor = formatCursor(state);
  }

  async *#partition(
    partition: number,
    layout: Layout,
  ): AsyncGenerator<readonly string[], Progress, undefined> {
    const head = await this.#dataSet.head('snapshot', partition);
    if (head.series === 0) return { at: head.at };
    const chain = new HeadChain(head.at);
    const reads = new BucketReads(this.#dataSet, partition, head, chain);
    const group = bucketsPerRead(head, layout);
    const ahead: Promise<BucketPage>[] = [];
    for (let from = 0; from < layout.buckets || ahead.length > 0; ) {
      this.#assertWanted();
      while (ahead.length < READS_AHEAD && from < layout.buckets) {
        const to = Math.min(from + group, layout.buckets);
        const read = reads.whole(from, to);
        // It is awaited later, or by nobody; until then it must not count as unhandled.
        read.catch(() => undefined);
        ahead.push(read);
        from = to;
      }
      const { lines, large } = await ahead.shift()!;
      if (lines.length > 0) yield lines;
      for (const bucket of large) yield* reads.slices(bucket);
    }
    await reads.check();
    return chain.progress();
  }

  #assertWanted(): void {
    this.#dataSet.calls.assertOpen('snapshot');
    if (this.#options.signal?.aborted !== true) return;
    throw new SnapscrapeError('aborted', 'The snapshot is not waited for any more', {
      cause: this.#options.signal.reason,
    });
  }
}

/** How many buckets make a read of the right size. */
function bucketsPerRead({ series, idBytes }: PartitionHead, { buckets }: Layout): number {
  const reads = Math.max(series / READ_SERIES, idBytes / READ_BYTES);
  return Math.max(1, Math.min(MOST_BUCKETS, Math.floor(buckets / reads)));
}

/** The last changes that reads of one partition have seen. */
class HeadChain {
  readonly #first: Position;
  #last: Position;
  // Those of which it is not known yet whether they are in the history that later reads saw, by their text.
  readonly #unchecked = new Map<string, Position>();

  constructor(first: Position) {
    this.#first = first;
    this.#last = first;
    this.#add(first);
  }

  /** What the next read has to check. */
  unchecked(): readonly Position[] {
    return [...this.#unchecked.values()];
  }

  /** Notes what a read saw; what it has checked is in the history of that, so only that is left to check. */
  settle(checked: readonly Position[], head: Position): void {
    for (const position of checked) this.#unchecked.delete(keyOf(position));
    this.#add(head);
    // Reads over several connections may come in another order than they were answered.
    if (head.seq > this.#last.seq) this.#last = head;
  }

  progress(): Progress {
    const isStill = this.#last.seq === this.#first.seq;
    return isStill ? { at: this.#first } : { at: this.#first, seen: this.#last };
  }

  #add(position: Position): void {
    if (position.seq > 0) this.#unchecked.set(keyOf(position), position);
  }
}

function keyOf({ seq, token }: Position): string {
  return `${seq}.${token}`;
}

interface BucketPage {
  /** Ids and texts in turn. */
  readonly lines: readonly string[];
  /** Buckets that were left out because they are large. */
  readonly large: readonly number[];
  /** Where to go on within a bucket; empty for nowhere. */
  readonly after: string;
}

/** The reads of one partition. */
class BucketReads {
  readonly #dataSet: DataSet;
  readonly #partition: number;
  readonly #chain: HeadChain;
  readonly #slice: string;
  readonly #large: string;

  constructor(dataSet: DataSet, partition: number, head: PartitionHead, chain: HeadChain) {
    this.#dataSet = dataSet;
    this.#partition = partition;
    this.#chain = chain;
    const idBytes = Math.max(1, head.idBytes / head.series);
    const slice = Math.max(8, Math.min(READ_SERIES, Math.floor(READ_BYTES / idBytes)));
    this.#slice = String(slice);
    this.#large = String(slice * LARGE);
  }

  /** Reads buckets, all but those that are large. */
  whole(from: number, to: number): Promise<BucketPage> {
    const buckets = Array.from({ length: to - from }, (_, i) => from + i);
    return this.#read(buckets, '');
  }

  /** Reads one bucket in slices. */
  async *slices(bucket: number): AsyncGenerator<readonly string[], void, undefined> {
    // A hash that is resized while it is scanned may show a field twice.
    const seen = new Set<string>();
    for (let from = '0'; ; ) {
      const { lines, after } = await this.#read([bucket], from);
      yield firstsOf(lines, seen);
      if (after === '0') return;
      from = after;
    }
  }

  /** Checks what no read has checked, if there was more than one moment. */
  async check(): Promise<void> {
    if (this.#chain.unchecked().length > 1) await this.#read([], '');
  }

  async #read(buckets: readonly number[], from: string): Promise<BucketPage> {
    const { calls, keys } = this.#dataSet;
    const { log, bucket } = keys.partition(this.#partition);
    const checked = this.#chain.unchecked();
    const places = checked.flatMap(({ seq, token }) => [String(seq), token]);
    const scriptKeys = [log, ...buckets.map(bucket)];
    const args = [this.#large, from, this.#slice, ...places];
    const reply = listOf(await calls.run('snapshot', READ, scriptKeys, args));
    if (reply[0] === 'torn') throw tornError();
    if (reply[0] !== 'ok') throw unexpectedReply();
    const [, seq, token, after, large, text] = textsOf(reply, 6);
    this.#chain.settle(checked, { seq: countOf(seq), token: token! });
    return {
      lines: text === '' ? [] : pairsOf(text!.split('\n')),
      large: large === '' ? [] : large!.split(' ').map((place) => bucketAt(buckets, place)),
      after: after!,
    };
  }
}

function bucketAt(buckets: readonly number[], place: string): number {
  const bucket = buckets[countOf(place)];
  if (bucket === undefined) throw unexpectedReply();
  return bucket;
}

/** Leaves out what was seen before. */
function firstsOf(lines: readonly string[], seen: Set<string>): readonly string[] {
  const firsts: string[] = [];
  for (let i = 0; i < lines.length; i += 2) {
    const id = lines[i]!;
    if (!seen.has(id)) firsts.push(id, lines[i + 1]!);
    seen.add(id);
  }
  return firsts;
}

function tornError(): SnapscrapeError {
  return new SnapscrapeError(
    'store_unavailable',
    'The data set in Redis lost changes while its snapshot was read; read it again',
  );
}
