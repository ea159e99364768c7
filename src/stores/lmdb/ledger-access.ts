import { statSync } from 'node:fs';
import { join } from 'node:path';
import { SnapscrapeError } from '../../model/errors.ts';
import type { LastWrite } from '../../model/write-stats.ts';
import type { UnwrittenCounts, WriteLog } from '../write-log.ts';
import type { Environment } from './environment.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { isReadersFull, lmdbFailure, reasonOf } from './lmdb-failure.ts';
import type { CheckedLmdbStoreOptions } from './lmdb-store-options.ts';
import { ReadFrame } from './read-frame.ts';
import { WriterRecords } from './writer-records.ts';

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
  readonly #writers: WriterRecords;
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
    this.#writers = new WriterRecords(environment.writers, options.writer, options.now);
    this.#file = join(environment.path, 'data.mdb');
    this.#identity = fileIdentity(this.#file);
  }

  /** Throws `closed` once `close` was called. */
  assertOpen(method: string): void {
    if (this.#closing !== undefined) throw closed(method);
  }

  /**
   * Runs `work` within a write transaction. What it changed is there for every process when the
   * promise is fulfilled, and nothing of it when it is rejected.
   *
   * @param method - whom this is for, named in errors.
   */
  write<T>(method: string, work: (writer: LedgerWriter) => T): Promise<T> {
    return this.transact(method, () => {
      this.#writer.begin();
      const result = work(this.#writer);
      this.#writer.finish();
      return result;
    });
  }

  /** Runs anything within a write transaction; see `write`. */
  async transact<T>(method: string, work: () => T): Promise<T> {
    this.assertOpen(method);
    // A child, so that an error undoes what this work did and nothing that was joined with it.
    const transaction = this.environment.root.childTransaction(() => {
      this.assertOpen(method);
      // To end what is too old is no writer's doing.
      if (method !== 'gc') this.#writers.note();
      return work();
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
      this.#writers.forget();
      throw lmdbFailure('write', this.environment.path, error);
    } finally {
      this.#pending.delete(transaction);
    }
  }

  /** When each writer of the file wrote last. */
  lastWrites(): readonly LastWrite[] {
    return this.read('lastWrites', ({ transaction }) => this.#writers.all(transaction));
  }

  /** How many points were not written, by all processes. */
  unwritten(): UnwrittenCounts {
    return this.read('writeStats', ({ transaction }) => this.#writers.unwritten(transaction));
  }

  /**
   * Adds what a log has counted to the file's counts. Never rejects: what fails is added the next
   * time.
   */
  async shareUnwritten(log: WriteLog): Promise<void> {
    const counts = log.takeUnshared();
    if (counts === undefined) return;
    await this.transact('upsert', () => this.#writers.addUnwritten(counts)).catch(() => {
      log.giveBack(counts);
    });
  }

  /** Opens a frame of what the file is now; it must be closed, or is after `maxReadTime`. */
  openFrame(method: string): ReadFrame {
    this.assertOpen(method);
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
  read<T>(method: string, work: (frame: ReadFrame) => T): T {
    const frame = this.openFrame(method);
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
      this.read('healthy', (frame) => frame.state);
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

  async #close(): Promise<void> {
    for (const frame of this.#frames) frame.end(closed('snapshot'));
    const { root, path } = this.environment;
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

function closed(method: string): SnapscrapeError {
  return new SnapscrapeError('closed', `LmdbStore is closed; ${method}() needs an open store`);
}

function fileIdentity(file: string): string {
  const { dev, ino } = statSync(file);
  return `${dev}:${ino}`;
}
