import type {
  IncrementalSnapshotReader,
  Many,
  ReadOptions,
  SnapshotReader,
} from '../model/snapshot-reader.ts';
import {
  NoDelta,
  type ReadPart,
  SourceReader,
  type SourceReadOptions,
} from '../model/source-read.ts';
import { checkCursor, isBackwards } from './source-items.ts';

/** The inner reader that a source is, or else one that reads it by its public methods. */
export function sourceReaderOf(source: SnapshotReader): SourceReader {
  return source instanceof SourceReader ? source : new PublicReader(source);
}

/** Reads a source by the public contract: the only place that knows both contracts. */
class PublicReader extends SourceReader {
  readonly #source: SnapshotReader;

  constructor(source: SnapshotReader) {
    super();
    this.#source = source;
  }

  override async *read(
    since: string | undefined,
    { signal, needsResume }: SourceReadOptions,
  ): AsyncGenerator<ReadPart> {
    const source = this.#source;
    const options = { signal };
    const changing = isIncremental(source) ? source : undefined;
    // The cursor is read before the snapshot: what changes in between is seen twice, never lost.
    const cursor = since ?? (needsResume && changing && (await readCursor(changing, options)));
    const families = typeof source.families === 'function' ? await source.families(options) : [];
    yield { kind: 'families', items: families };
    let state: string | undefined;
    if (since === undefined) {
      const items: Many<unknown> & { readonly cursor?: unknown } = await source.snapshot(options);
      yield { kind: 'points', items };
      // Only now, when all points were taken, is it certain that the reply has its cursor.
      if (changing && typeof items.cursor === 'string') {
        state = checkCursor('cursor', items.cursor);
      }
    } else {
      if (changing === undefined) throw new NoDelta('delta_failed');
      // From wherever the snapshot was at or after `since`, all changes lead to the last state.
      state = yield* readChanges(changing, since, options);
    }
    if (typeof source.lastWrites === 'function') {
      // What it throws at once must fail the read no more than a promise that rejects.
      const ask = async (): Promise<unknown> => source.lastWrites?.(options);
      const items = ask();
      // A refresh that ends now takes it no more, and a rejection without a handler ends the
      // process.
      items.catch(() => undefined);
      yield { kind: 'lastWrites', items };
    }
    // An exact state takes the place of the cursor that was read before.
    const resume = typeof cursor === 'string' ? (state ?? cursor) : undefined;
    yield { kind: 'end', resume, state };
  }
}

/** Yields the batches of a delta; returns the cursor that they lead to. */
async function* readChanges(
  source: IncrementalSnapshotReader,
  since: string,
  options: ReadOptions,
): AsyncGenerator<ReadPart, string> {
  let cursor = since;
  for (let more = true; more; ) {
    const delta: unknown = await source.snapshotDelta(cursor, options);
    if (typeof delta !== 'object' || delta === null) throw new NoDelta('invalid_delta');
    const { nextCursor, events, reset, more: isMore } = delta as Record<string, unknown>;
    if (reset === true) throw new NoDelta('reset');
    const next = checkCursor('nextCursor', nextCursor);
    if (isBackwards(next, cursor)) throw new NoDelta('cursor_backwards');
    more = isMore === true;
    // Another batch at the same place would be the same batch, for ever.
    if (more && next === cursor) throw new NoDelta('invalid_delta');
    yield { kind: 'events', items: events };
    cursor = next;
  }
  return cursor;
}

async function readCursor(
  source: IncrementalSnapshotReader,
  options: ReadOptions,
): Promise<string> {
  let cursor: string;
  try {
    cursor = checkCursor('cursor', await source.snapshotCursor(options));
  } catch (error) {
    throw new NoDelta('cursor_failed', error);
  }
  options.signal?.throwIfAborted();
  return cursor;
}

function isIncremental(source: SnapshotReader): source is IncrementalSnapshotReader {
  const { snapshotCursor, snapshotDelta } = source as Partial<IncrementalSnapshotReader>;
  return typeof snapshotCursor === 'function' && typeof snapshotDelta === 'function';
}
