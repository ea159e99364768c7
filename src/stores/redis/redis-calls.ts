import { SnapscrapeError } from '../../model/errors.ts';
import type { RedisConnection } from './redis-address.ts';
import {
  failureKind,
  isReadOnlyReply,
  isRefusedUser,
  isUnknownScript,
  redisFailure,
} from './redis-failure.ts';
import { openLink, type RedisLibrary, type RedisLink } from './redis-link.ts';
import type { RedisScript } from './redis-script.ts';

/** A command on its way. */
interface Command {
  /** Whom it is for, named in errors. */
  readonly method: string;
  /** The key that decides on the server. */
  readonly key: string;
  readonly args: readonly string[];
  /** Whether it may be carried out twice without harm, so that it is tried again when the connection breaks. */
  readonly isRead: boolean;
}

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;
const LATE: unique symbol = Symbol('late');

/**
 * Commands to Redis, each with a deadline of its own. What is certain not to have been carried out is tried
 * again until then; a connection over which an answer did not come in time is replaced.
 */
export class RedisCalls {
  /** How many commands were sent, tries among them: each is one round trip. */
  sent = 0;
  /** How many of them were tries after a first one. */
  retries = 0;
  /** How often a connection was given up because an answer did not come in time. */
  replaced = 0;
  readonly #library: RedisLibrary;
  readonly #connection: RedisConnection;
  readonly #timeout: number;
  readonly #onError: (error: SnapscrapeError) => void;
  // What waits for an answer, to be told of the closing.
  readonly #waiting = new Set<() => void>();
  #isClosed = false;
  #link: RedisLink;
  #lastError: unknown;

  /**
   * @param timeout - how long a command may take, waiting for the connection included, in ms.
   * @param onError - told of errors of the connection.
   */
  constructor(
    library: RedisLibrary,
    connection: RedisConnection,
    timeout: number,
    onError: (error: SnapscrapeError) => void,
  ) {
    this.#library = library;
    this.#connection = connection;
    this.#timeout = timeout;
    this.#onError = onError;
    this.#link = this.#open();
  }

  /** Whether the connection is there. */
  get isConnected(): boolean {
    return !this.#isClosed && this.#link.isReady();
  }

  /** Throws `closed` once `close` was called. */
  assertOpen(method: string): void {
    if (this.#isClosed) throw closedError(method);
  }

  /** Sends a command that only reads. */
  read(method: string, key: string, args: readonly string[]): Promise<unknown> {
    return this.#call({ method, key, args, isRead: true });
  }

  /** Sends a command that writes. */
  write(method: string, key: string, args: readonly string[]): Promise<unknown> {
    return this.#call({ method, key, args, isRead: false });
  }

  /** Runs a script; the first key decides on the server. */
  async run(
    method: string,
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    const common = { method, key: keys[0]!, isRead: !script.isWrite };
    try {
      return await this.#call({ ...common, args: ['EVALSHA', script.sha, ...rest] });
    } catch (error) {
      if (!isUnknownScript(error instanceof SnapscrapeError ? error.cause : error)) throw error;
      // The server keeps it from now on: a restart or another server begins without.
      return this.#call({ ...common, args: ['EVAL', script.source, ...rest] });
    }
  }

  /** Ends the connection; what waits for an answer rejects with `closed`. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const tell of this.#waiting) tell();
    this.#link.destroy();
  }

  async #call(command: Command): Promise<unknown> {
    const { method } = command;
    const deadline = performance.now() + this.#timeout;
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      this.assertOpen(method);
      const left = deadline - performance.now();
      try {
        if (left <= 0) throw this.#lateError(method, this.#lastError);
        return await this.#attempt(command, left);
      } catch (error) {
        this.assertOpen(method);
        if (!this.#mayTryAgain(command, error) || deadline - performance.now() <= wait) {
          throw error instanceof OfflineError
            ? this.#offlineError(method, error.cause)
            : redisFailure(method, error);
        }
        if (!(error instanceof OfflineError)) this.#lastError = error;
      }
      this.retries++;
      await this.#pause(wait, method);
    }
  }

  async #attempt({ method, key, args }: Command, left: number): Promise<unknown> {
    const link = this.#link;
    if (!link.isReady()) {
      if (link.hasFailed()) this.#replace(link);
      // Where the user is refused it is no use to wait.
      if (isRefusedUser(this.#lastError)) throw redisFailure(method, this.#lastError);
      throw new OfflineError(this.#lastError);
    }
    this.sent++;
    const answer = await this.#answer(link, key, args, left, method);
    if (answer !== LATE) return answer;
    this.replaced++;
    this.#replace(link);
    throw this.#lateError(method, undefined);
  }

  /** Sends a command; answers LATE when no answer came in time, and rejects when the store is closed. */
  #answer(
    link: RedisLink,
    key: string,
    args: readonly string[],
    within: number,
    method: string,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(onClose);
      };
      const onClose = (): void => {
        settle();
        reject(closedError(method));
      };
      const timer = setTimeout(() => {
        settle();
        resolve(LATE);
      }, within);
      this.#waiting.add(onClose);
      link.send(key, args).finally(settle).then(resolve, reject);
    });
  }

  #mayTryAgain(command: Command, error: unknown): boolean {
    if (error instanceof SnapscrapeError) return false;
    if (error instanceof OfflineError) return true;
    const kind = failureKind(error);
    if (kind === 'transient') return true;
    // In a failover the old master is a replica before the client has heard of the new one.
    if (isReadOnlyReply(error)) return this.#connection.kind !== 'standalone';
    return kind === 'unknown' && command.isRead;
  }

  #pause(ms: number, method: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const onClose = (): void => {
        clearTimeout(timer);
        reject(closedError(method));
      };
      const timer = setTimeout(
        () => {
          this.#waiting.delete(onClose);
          resolve();
        },
        ms * (0.5 + Math.random() / 2),
      );
      this.#waiting.add(onClose);
    });
  }

  #open(): RedisLink {
    return openLink(this.#library, this.#connection, this.#timeout, (error) => {
      this.#lastError = error;
      if (!this.#isClosed) this.#onError(redisFailure('connect', error));
    });
  }

  /** Replaces a link that hangs or has given up, unless another call did so already. */
  #replace(link: RedisLink): void {
    if (this.#link !== link || this.#isClosed) return;
    this.#link = this.#open();
    link.destroy();
  }

  #offlineError(method: string, cause: unknown): SnapscrapeError {
    return new SnapscrapeError(
      'store_unavailable',
      `RedisStore had no connection for ${method}() within ${this.#timeout} ms; nothing of it was sent. ` +
        'See the cause, and that the address is right and the server runs',
      { cause },
    );
  }

  #lateError(method: string, cause: unknown): SnapscrapeError {
    return new SnapscrapeError(
      'store_unavailable',
      `RedisStore had no answer to ${method}() within ${this.#timeout} ms; what was to be written may be there or not. ` +
        'See that the server runs, or raise timeout',
      { cause },
    );
  }
}

/** The connection is not there; the cause is why, where that is known. */
class OfflineError extends Error {
  constructor(cause: unknown) {
    super('There is no connection to Redis', { cause });
  }
}

function closedError(method: string): SnapscrapeError {
  return new SnapscrapeError('closed', `RedisStore is closed; ${method}() needs an open store`);
}
