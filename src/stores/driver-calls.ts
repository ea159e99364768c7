import { setImmediate } from 'node:timers/promises';
import { SnapscrapeError } from '../model/errors.ts';
import type { Awaitable } from '../model/snapshot-reader.ts';
import { after, isPromise } from '../scheduling/work-queue.ts';
import type { DriverFrame, Entries, FrameOptions, StoreDriver } from './driver.ts';

/** Checks a page, and returns what is sound of it. */
export type CheckPage = (page: Entries) => Entries;

/** How the pages of a frame are read. */
interface PageGuard {
  readonly method: string;
  readonly check: CheckPage;
  readonly signal: AbortSignal | undefined;
}

/** The calls of a store to its driver. After `close` there are none. */
export class DriverCalls {
  readonly #driver: StoreDriver;
  readonly #name: string;
  // How to close each open frame.
  readonly #frames = new Set<() => void>();
  // An iteration that is neither finished nor returned ends when its iterator is collected.
  readonly #abandoned = new FinalizationRegistry<() => void>((close) => {
    try {
      close();
    } catch {
      // No caller is left to be told, and it must not end the process.
    }
  });
  readonly #pending = new Set<PromiseLike<unknown>>();
  #closing: Promise<void> | undefined;

  /** @param name - the name of the store in errors. */
  constructor(driver: StoreDriver, name: string) {
    this.#driver = driver;
    this.#name = name;
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Throws `closed` once `close` was called. */
  assertOpen(method: string): void {
    if (this.#closing === undefined) return;
    throw new SnapscrapeError('closed', `${this.#name} is closed; ${method}() needs an open store`);
  }

  /**
   * Calls the driver; what is no promise is returned as it is. What the driver throws is thrown as
   * an error of the store.
   *
   * @param method - the method of the store, named in errors.
   * @param signal - if it is aborted, its reason is thrown instead.
   */
  call<T>(
    method: string,
    run: (driver: StoreDriver) => Awaitable<T>,
    signal?: AbortSignal,
  ): Awaitable<T> {
    this.assertOpen(method);
    try {
      const result = run(this.#driver);
      return isPromise(result) ? this.#wait(method, result, signal) : result;
    } catch (cause) {
      throw this.#failed(method, cause, signal);
    }
  }

  /**
   * Opens a frame, which `close` closes if its reader does not. To read its pages fails as a call
   * does.
   *
   * @param check - is given each page; what it returns takes its place.
   */
  openFrame(
    method: string,
    options: FrameOptions = {},
    check: CheckPage = (page) => page,
  ): Awaitable<DriverFrame> {
    const guard = { method, check, signal: options.signal };
    return after(
      this.call(method, (driver) => driver.frame(options), options.signal),
      (frame) => {
        const close = this.#closeOnce(frame, method);
        const open: DriverFrame = {
          // A driver may know it only after the last page.
          get cursor() {
            return frame.cursor;
          },
          records: frame.records,
          pages: this.#guarded(frame.pages, guard),
          close,
        };
        this.#abandoned.register(open, close);
        // The store was closed while the driver opened the frame.
        if (this.isClosed) close();
        this.assertOpen(method);
        return open;
      },
    );
  }

  /** The records as they are now. */
  records(method: string): Awaitable<DriverFrame['records']> {
    if (this.#driver.records !== undefined) return this.call(method, (driver) => driver.records!());
    return after(this.openFrame(method), (frame) => {
      frame.close();
      return frame.records;
    });
  }

  /** Waits for calls that are under way, closes all frames, and closes the driver. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** How to close a frame, which is noted as open until then. */
  #closeOnce(frame: DriverFrame, method: string): () => void {
    const close = (): void => {
      if (!this.#frames.delete(close)) return;
      try {
        frame.close();
      } catch (cause) {
        throw this.#failed(method, cause);
      }
    };
    this.#frames.add(close);
    return close;
  }

  /** The error for what a driver threw; the cause is what it threw. */
  #failed(method: string, cause: unknown, signal?: AbortSignal): unknown {
    if (cause instanceof SnapscrapeError) return cause;
    if (signal?.aborted === true) return signal.reason;
    return new SnapscrapeError(
      'store_unavailable',
      `The driver of the store failed in ${method}(); see the cause`,
      { cause },
    );
  }

  #guarded(pages: DriverFrame['pages'], guard: PageGuard): DriverFrame['pages'] {
    if (Symbol.iterator in pages) return this.#eachPage(pages, guard);
    return this.#eachPageOverTime(pages, guard);
  }

  *#eachPage(pages: Iterable<Entries>, guard: PageGuard): Generator<Entries, void, undefined> {
    try {
      for (const page of pages) {
        this.#assertGoesOn(guard);
        yield guard.check(page);
      }
    } catch (cause) {
      // A frame that the store closed may fail in any way.
      this.#assertGoesOn(guard);
      throw this.#failed(guard.method, cause);
    }
    // It must not look complete either.
    this.#assertGoesOn(guard);
  }

  async *#eachPageOverTime(
    pages: AsyncIterable<Entries>,
    guard: PageGuard,
  ): AsyncGenerator<Entries, void, undefined> {
    try {
      // Before each read, too: a driver that is closed must not be read.
      this.#assertGoesOn(guard);
      for await (const page of this.#counted(pages)) {
        this.#assertGoesOn(guard);
        yield guard.check(page);
        this.#assertGoesOn(guard);
      }
    } catch (cause) {
      this.#assertGoesOn(guard);
      throw this.#failed(guard.method, cause);
    }
    this.#assertGoesOn(guard);
  }

  /** The same pages; while one is read, it is a call that is under way. */
  #counted(pages: AsyncIterable<Entries>): AsyncIterable<Entries> {
    const iterator = pages[Symbol.asyncIterator]();
    const count = async <T>(result: PromiseLike<T>): Promise<T> => {
      this.#pending.add(result);
      try {
        return await result;
      } finally {
        this.#pending.delete(result);
      }
    };
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => count(iterator.next()),
        return: () =>
          count(iterator.return?.() ?? Promise.resolve({ done: true, value: undefined })),
      }),
    };
  }

  #assertGoesOn({ method, signal }: PageGuard): void {
    this.assertOpen(method);
    signal?.throwIfAborted();
  }

  async #wait<T>(
    method: string,
    result: PromiseLike<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    this.#pending.add(result);
    try {
      return await result;
    } catch (cause) {
      throw this.#failed(method, cause, signal);
    } finally {
      this.#pending.delete(result);
    }
  }

  async #close(): Promise<void> {
    while (this.#pending.size > 0) {
      await Promise.allSettled(this.#pending);
      // Callers that waited for a frame close it first.
      await setImmediate();
    }
    const failures: unknown[] = [];
    for (const close of this.#frames) {
      try {
        close();
      } catch (error) {
        failures.push(error);
      }
    }
    try {
      await this.#driver.close();
    } catch (cause) {
      throw this.#failed('close', cause);
    }
    if (failures.length > 0) throw failures[0];
  }
}
