import { statSync } from 'node:fs';
import { join } from 'node:path';
import { SnapscrapeError } from '../../model/errors.ts';
import type { Environment } from './environment.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { lmdbFailure, reasonOf } from './lmdb-failure.ts';
import type { CheckedLmdbStoreOptions } from './lmdb-store-options.ts';
import { ReadFrame } from './read-frame.ts';

// How many writes there are between two looks for readers that are no more.
const READER_CHECK = 256;

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
  readonly #pending = new Set<Promise<unknown>>();
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

  /** Throws `closed` once `close` was called. */
  assertOpen(method: string): void {
    if (this.#closing !== undefined) throw closed(method);
  }

  /**
   * Runs `work` within a write transaction. What it changed is there for every process when the promise
   * is fulfilled, and nothing of it when it is rejected.
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
      return work();
    });
    this.#pending.add(transaction);
    // A process that was killed while it read would keep the file from reusing what it saw.
    if (++this.#transactions % READER_CHECK === 0) this.environment.root.readerCheck();
    try {
      return await transaction;
    } catch (error) {
      throw lmdbFailure('write', this.environment.path, await reasonOf(error));
    } finally {
      this.#pending.delete(transaction);
    }
  }

  /** Opens a frame of what the file is now; it must be closed, or is after `maxReadTime`. */
  openFrame(method: string): ReadFrame {
    this.assertOpen(method);
    try {
      const frame = new ReadFrame(this.environment, this.#options.maxReadTime, (closedFrame) =>
        this.#frames.delete(closedFrame),
      );
      this.#frames.add(frame);
      return frame;
    } catch (cause) {
      throw lmdbFailure('read', this.environment.path, cause);
    }
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

  /** Ends frames, lets pending transactions settle, and closes the file. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const frame of this.#frames) frame.end(closed('snapshot'));
    await Promise.allSettled(this.#pending);
    await this.environment.root.close();
  }
}

function closed(method: string): SnapscrapeError {
  return new SnapscrapeError('closed', `LmdbStore is closed; ${method}() needs an open store`);
}

function fileIdentity(file: string): string {
  const { dev, ino } = statSync(file);
  return `${dev}:${ino}`;
}
