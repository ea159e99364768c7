import { asRefreshError, SnapscrapeError } from '../model/errors.ts';
import { RejectionLog } from '../model/rejection.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import type { LastWrite } from '../model/write-stats.ts';
import { abortedError, onAbort } from '../scheduling/wait.ts';
import { EMPTY_SNAPSHOT, type Snapshot } from '../snapshot/snapshot.ts';
import { CACHE_DEFAULTS } from './cache-config.ts';
import { sourceReaderOf } from './public-reader.ts';
import { RefreshRun } from './refresh-run.ts';
import { isWriteTeller, type RefusalSources } from './store-writes.ts';
import { readOnce } from './take-read.ts';

/** What ends a reading of the source. */
export interface UncachedWait {
  /** Ends the read when the caller gives up. */
  readonly signal?: AbortSignal | undefined;
  /** After how many ms the reading has failed. Default: `refreshTimeout` of a cache. */
  readonly deadline?: number | undefined;
}

/** Reads a source again each time and keeps only counts. */
export class UncachedReader {
  readonly rejections: RejectionLog = new RejectionLog();
  /** Each read is rendered by itself. */
  readonly isKept = false;
  readonly #source: SnapshotReader;

  #lastWrites: readonly LastWrite[] = [];

  constructor(source: SnapshotReader) {
    this.#source = source;
  }

  /** The source, if it tells what it did not write. */
  refusalsBelow(): RefusalSources {
    return { logs: [], stores: isWriteTeller(this.#source) ? [this.#source] : [] };
  }

  /** When the source was last written, as of the latest read. */
  lastWrites(): readonly LastWrite[] {
    return this.#lastWrites;
  }

  /**
   * Reads all points now. Rejects with the source's failure as the cause, or with
   * `refresh_timeout`.
   */
  async current({ signal, deadline }: UncachedWait = {}): Promise<Snapshot> {
    if (signal?.aborted) throw abortedError(signal.reason);
    const ending = new AbortController();
    const ms = deadline ?? CACHE_DEFAULTS.refreshTimeout;
    const timer = setTimeout(() => ending.abort(tooSlow(ms)), ms);
    const stay = onAbort(signal, () => ending.abort(signal?.reason));
    try {
      const run = new RefreshRun({ ...CACHE_DEFAULTS, rejections: this.rejections }, ending.signal);
      const ended = new Promise<never>((_, reject) => {
        ending.signal.addEventListener('abort', () => reject(ending.signal.reason as Error));
      });
      return await Promise.race([this.#read(run), ended]);
    } catch (cause) {
      throw asRefreshError(cause);
    } finally {
      clearTimeout(timer);
      stay();
    }
  }

  async #read(run: RefreshRun): Promise<Snapshot> {
    const { snapshot, writes } = await readOnce(sourceReaderOf(this.#source), run, {
      previous: EMPTY_SNAPSHOT,
      catalog: run.catalog,
      since: undefined,
      needsResume: false,
    });
    if (writes?.status === 'fulfilled') this.#lastWrites = writes.value;
    return snapshot;
  }
}

function tooSlow(ms: number): SnapscrapeError {
  return new SnapscrapeError(
    'refresh_timeout',
    `The source did not answer within ${ms} ms; put createCachedSnapshotReader() before it`,
  );
}
