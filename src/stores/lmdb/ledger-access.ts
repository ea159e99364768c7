import { statSync } from 'node:fs';
import { join } from 'node:path';
import { SnapscrapeError } from '../../model/errors.ts';
import type { Environment } from './environment.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { isReadersFull, lmdbFailure, reasonOf } from './lmdb-failure.ts';
import type { CheckedLmdbStoreOptions } from './lmdb-store-options.ts';
import { ReadFrame } from './read-frame.ts';

// How many writes there are between two looks for readers that are no more.
const READER_CHECK = 256;
// How long `close` waits for writes. Each takes ms, so what takes longer waits for a lock that
// no process gives back.
const CLOSE_PATIENCE_MS = 5_000;

/**
 * The transactions of one open file. Writes wait for their turn off the event loop, also for other
 * processes; what is read comes from a frame of its own.
 */
export class LedgerAccess {
  /** The open file. */
  readonly environment: Environment;
  readonly #options: CheckedLmdbStoreOptions;
  readonly #writer: LedgerWriter;
  readonly #frames = new Set<ReadFrame>();
  // Transactions that are not settled, and how to fail the calls that wait for them.
  readonly #pending = new Map<Promise<unknown>, (reason: unknown) => void>();
  readonly #file: string;
  readonly #identity: string;
  #transactions = 0;
  #closing: Promise<void> | undefined;

  constructor(environment: Environment, options: CheckedLmdbStoreOptions) {
    this.environment = environment;
    this.#options = options;
    this.#writer = new LedgerWriter(environment, options.changeLogSize);
    this.#file = join(environment.path, 'data.mdb');
    this.#identity = fileIdentity(this.#file);
  }

  /**
   * Runs `work` within a write transaction. What it changed is there for every process when the
   * promise is fulfilled, and nothing of it when it is rejected.
   */
  async write<T>(work: (writer: LedgerWriter) => T): Promise<T> {
    this.#assertOpen();
    // A child, so that an error undoes what this work did and nothing that was joined with it.
    const transaction = this.environment.root.childTransaction(() => {
      this.#assertOpen();
      this.#writer.begin();
      const result = work(this.#writer);
      this.#writer.finish();
      return result;
    });
    const settled = new Promise<T>((resolve, reject) => {
      this.#pending.set(transaction, reject);
      transaction.then(resolve, async (thrown) => reject(await reasonOf(thrown)));
    });
    // A process that was killed while it read would keep the file from reusing what it saw.
    if (++this.#transactions % READER_CHECK === 0) this.environment.root.readerCheck();
    try {
      return await settled;
    } catch (error) {
      throw lmdbFailure('write', this.environment.path, error);
    } finally {
      this.#pending.delete(transaction);
    }
  }

  /** Opens a frame of what the file is now; it must be closed, or is after `maxReadTime`. */
  openFrame(): ReadFrame {
    this.#assertOpen();
    try {
      return this.#newFrame();
    } catch (cause) {
      if (!isReadersFull(cause)) throw lmdbFailure('read', this.environment.path, cause);
    }
    try {
      // Places of processes that were killed are free after this.
      this.environment.root.readerCheck();
      return this.#newFrame();
    } catch (cause) {
      throw lmdbFailure('read', this.environment.path, cause);
    }
  }

  #newFrame(): ReadFrame {
    const frame = new ReadFrame(this.environment, this.#options.maxReadTime, (closedFrame) =>
      this.#frames.delete(closedFrame),
    );
    this.#frames.add(frame);
    return frame;
  }

  /** Reads from a frame that is closed at once. */
  read<T>(work: (frame: ReadFrame) => T): T {
    const frame = this.openFrame();
    try {
      return work(frame);
    } catch (cause) {
      throw lmdbFailure('read', this.environment.path, cause);
    } finally {
      frame.close();
    }
  }

  /** Whether the file can be read and is still the one that stands at its path. */
  isSound(): boolean {
    if (this.#closing !== undefined) return false;
    try {
      this.read((frame) => frame.state);
      return fileIdentity(this.#file) === this.#identity;
    } catch {
      return false;
    }
  }

  /** How large the file is, in bytes. */
  fileBytes(): number {
    return statSync(this.#file).size;
  }

  /**
   * Ends frames, lets pending transactions settle, and closes the file. Where they have not settled
   * after 5 s, they and this reject with `store_unavailable`; the file is closed when the lock
   * comes free, and the process cannot end before, but by SIGKILL: lmdb's thread waits within the
   * system.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closed(this.environment.path);
  }

  async #close(): Promise<void> {
    const { root, path } = this.environment;
    for (const frame of this.#frames) frame.close(closed(path));
    const settled = Promise.allSettled(this.#pending.keys());
    if (!(await settlesWithin(settled, CLOSE_PATIENCE_MS))) {
      const error = stillLocked(path);
      for (const fail of this.#pending.values()) fail(error);
      // Not before: a thread of lmdb's waits for the lock in the memory that closing takes away.
      void settled.then(() => root.close()).catch(() => undefined);
      throw error;
    }
    await root.close();
  }
}

async function settlesWithin(settled: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([settled.then(() => true), overdue]);
  } finally {
    clearTimeout(timer);
  }
}

function stillLocked(path: string): SnapscrapeError {
  return new SnapscrapeError(
    'store_unavailable',
    `The LMDB store at ${path} is closed while a write waits for another process, which holds the file's write lock, perhaps stopped; let that process go on or end it. What was being written may be there or not`,
  );
}

function closed(path: string): SnapscrapeError {
  return new SnapscrapeError('closed', `The LMDB store at ${path} is closed`);
}

function fileIdentity(file: string): string {
  const { dev, ino } = statSync(file);
  return `${dev}:${ino}`;
}
