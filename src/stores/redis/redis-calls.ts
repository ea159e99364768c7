import { SnapscrapeError } from '../../model/errors.ts';
import { callSafely } from '../../scheduling/call-safely.ts';
import { NotSentError, SilentServerError } from './connection-errors.ts';
import { openLink } from './open-link.ts';
import type { RedisConnection } from './redis-address.ts';
import {
  connectionFailure,
  failureKind,
  isReadOnlyReply,
  isUnknownScript,
  maySayReplaced,
  redisFailure,
} from './redis-failure.ts';
import type { RedisLink } from './redis-link.ts';
import type { RedisScript } from './redis-script.ts';
import { listOf, pairsOf, textOf } from './replies.ts';
import type { RedisLibrary } from './server-connection.ts';

/** A command on its way. */
interface Command {
  /** The method that it is for, named in errors. */
  readonly method: string;
  /** The key that decides on the server. */
  readonly key: string;
  readonly args: readonly string[];
  /**
   * Whether it may be carried out twice without harm, so that it is tried again when the connection
   * breaks.
   */
  readonly isRead: boolean;
}

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;
const LATE: unique symbol = Symbol('late');

/**
 * Commands to Redis, each with a deadline of its own. What is certain not to have been carried out
 * is tried again until then, here and nowhere below. A call that is late says nothing of the
 * connection: that is judged by any answer of its server (`ServerConnection`).
 */
export class RedisCalls {
  /** How many commands were sent, tries among them: each is one round trip. */
  sent = 0;
  /** How many tries there were after a first one. */
  retries = 0;
  /** How often a connection was given up because the server answered nothing. */
  replaced = 0;
  readonly #isStandalone: boolean;
  readonly #timeout: number;
  // The last try has some time for its answer.
  readonly #lastTryMs: number;
  // What waits for an answer, to hear of the closing.
  readonly #waiting = new Set<() => void>();
  // All calls that have no connection wait for the same change of the link.
  #change: LinkChange = nextChange();
  readonly #link: RedisLink;
  #isClosed = false;

  /**
   * @param timeout - how long a command may take, waiting for the connection included, in ms.
   * @param onError - receives errors of the connection.
   */
  constructor(
    library: RedisLibrary | undefined,
    connection: RedisConnection,
    timeout: number,
    onError: (error: SnapscrapeError) => void,
  ) {
    this.#isStandalone = connection.kind === 'standalone' || connection.kind === 'client';
    this.#timeout = timeout;
    this.#lastTryMs = Math.min(100, timeout / 10);
    const onLinkError = (error: unknown): void => {
      if (error instanceof SilentServerError) this.replaced++;
      // Calls that wait for a connection need not wait any longer.
      if (failureKind(new NotSentError(error)) === 'final') this.#wake();
      if (!this.#isClosed) callSafely(onError, connectionFailure(error));
    };
    const onOpen = (): void => this.#wake();
    this.#link = openLink({ library, timeout, onError: onLinkError, onOpen }, connection);
  }

  /** Whether the connection is there. */
  get isConnected(): boolean {
    return !this.#isClosed && this.#link.isReady;
  }

  /** Throws `closed` once `close` was called. */
  assertOpen(method: string): void {
    if (this.#isClosed) throw closedError(method);
  }

  /** Sends a command that only reads. */
  read(method: string, key: string, args: readonly string[]): Promise<unknown> {
    return this.#call({ method, key, args, isRead: true });
  }

  /**
   * Reads all fields of a hash, so many at a time. By name: a hash that is resized while it is
   * scanned may show a field twice.
   */
  async readHash(method: string, key: string, count: number): Promise<Map<string, string>> {
    const texts = new Map<string, string>();
    for (let from = '0'; ; ) {
      const args = ['HSCAN', key, from, 'COUNT', String(count)];
      const [after, items] = listOf(await this.read(method, key, args), 2);
      const fields = pairsOf(items);
      for (let i = 0; i < fields.length; i += 2) texts.set(fields[i]!, fields[i + 1]!);
      from = textOf(after);
      if (from === '0') return texts;
    }
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

  /** Lets all calls try again that have no connection. */
  #wake(): void {
    const { resolve } = this.#change;
    this.#change = nextChange();
    resolve();
  }

  async #call(command: Command): Promise<unknown> {
    const { method } = command;
    const deadline = performance.now() + this.#timeout;
    let hasRenewed = false;
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      this.assertOpen(method);
      const { promise: change } = this.#change;
      try {
        return await this.#attempt(command, deadline - performance.now());
      } catch (error) {
        this.assertOpen(method);
        const left = deadline - performance.now();
        // The name may lead to the new master by now.
        if (maySayReplaced(error) && !hasRenewed && left > 0) {
          hasRenewed = await this.#renewed(command, left);
          if (hasRenewed) {
            this.retries++;
            continue;
          }
        }
        // Behind one address there is no other server to wait for.
        const mayPass = isReadOnlyReply(error) ? !this.#isStandalone : mayTryAgain(command, error);
        if (!mayPass || left <= this.#lastTryMs) throw redisFailure(method, error);
        hasRenewed = false;
        this.retries++;
        const most = deadline - performance.now() - this.#lastTryMs;
        if (error instanceof NotSentError) await this.#within(most, change, method);
        else await this.#within(Math.min(pauseOf(wait), most), undefined, method);
      }
    }
  }

  async #attempt(command: Command, left: number): Promise<unknown> {
    const { method, key, args, isRead } = command;
    this.sent++;
    try {
      const answer = await this.#within(left, this.#link.send(key, args), method);
      if (answer === LATE) throw this.#lateError(method);
      if (!isRead) this.#link.confirm(key);
      return answer;
    } catch (error) {
      if (error instanceof NotSentError) this.sent--;
      throw error;
    }
  }

  async #renewed({ method, key }: Command, left: number): Promise<boolean> {
    return (await this.#within(left, this.#link.renew(key), method)) === true;
  }

  /** Waits for something, but no longer than so many ms: resolves with LATE then. */
  #within(ms: number, awaited: Promise<unknown> | undefined, method: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(onClose);
      };
      const onClose = (): void => {
        settle();
        reject(closedError(method));
      };
      const timer = setTimeout(
        // If this process stood still, an answer may lie in the socket: it is read before.
        () =>
          setImmediate(() => {
            settle();
            resolve(LATE);
          }),
        Math.max(0, ms),
      );
      this.#waiting.add(onClose);
      awaited?.finally(settle).then(resolve, reject);
    });
  }

  #lateError(method: string): SnapscrapeError {
    return new SnapscrapeError(
      'store_unavailable',
      `RedisStore had no answer to ${method}() within ${this.#timeout} ms; what was to be written may be there or not. ` +
        'See that the server runs, or raise timeout',
      { cause: new SilentServerError(this.#timeout) },
    );
  }
}

interface LinkChange {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function nextChange(): LinkChange {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function mayTryAgain(command: Command, error: unknown): boolean {
  const kind = failureKind(error);
  return kind === 'transient' || (kind === 'unknown' && command.isRead);
}

function pauseOf(wait: number): number {
  return wait * (0.5 + Math.random() / 2);
}

function closedError(method: string): SnapscrapeError {
  return new SnapscrapeError('closed', `RedisStore is closed; ${method}() needs an open store`);
}
