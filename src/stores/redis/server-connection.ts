import type * as RedisClient from '@redis/client';
import {
  ConnectionLostError,
  NotSentError,
  OpeningError,
  SilentServerError,
} from './connection-errors.ts';
import { everyTick, TICKS } from './tick-timer.ts';

/** The part of `@redis/client` that is used. */
export type RedisLibrary = typeof RedisClient;

/** What `createClient` takes. */
export type ClientOptions = RedisClient.RedisClientOptions;

/** A command with its arguments. */
export type CommandArguments = readonly string[];

/** What a connection is opened with. */
export interface ConnectionPlan {
  readonly library: RedisLibrary;
  readonly options: ClientOptions;
  /** How long the server may answer nothing while it has something to answer, in ms. */
  readonly timeout: number;
}

/** Ends the opening of a connection; the reason does not matter. */
export type Deadline = AbortSignal;

/** Receives what would have to be said if there were no time left now. */
export type OnStage = (pending: OpeningError) => void;

/**
 * One connection to one server, from its greeting to its end. It never reconnects: the caller opens
 * another one. So nothing that was sent is sent again below the caller.
 */
export class ServerConnection {
  readonly #client: ReturnType<RedisLibrary['createClient']>;
  readonly #library: RedisLibrary;
  readonly #timeout: number;
  readonly #ticker: NodeJS.Timeout;
  #onEnd: (reason: unknown) => void = () => undefined;
  #waiting = 0;
  #silentTicks = 0;
  #wasHeard = false;
  #hasAnswered = false;
  #end: { readonly reason: unknown } | undefined;

  /**
   * Opens a connection. Resolves when the server has greeted; rejects with an `OpeningError`, at
   * the latest at the deadline, and leaves nothing behind then.
   */
  static async open(
    plan: ConnectionPlan,
    deadline: Deadline,
    onStage?: OnStage,
  ): Promise<ServerConnection> {
    const client = plan.library.createClient(clientOptions(plan, deadline));
    const isTls = client.options.socket?.tls === true;
    let stage: 'connect' | 'greeting' = 'connect';
    const late = (cause?: unknown): OpeningError =>
      new OpeningError(stage, { isLate: true, isTls, cause });
    onStage?.(late());
    const end = (): void => destroyQuietly(client);
    // Whatever ends it after the greeting, also an answer that cannot be read, is for the
    // connection.
    let onError: (error: unknown) => void = () => undefined;
    client.on('error', (error) => onError(error));
    client.on('connect', () => {
      stage = 'greeting';
      onStage?.(late());
      if (deadline.aborted) end();
    });
    try {
      let unreadable: unknown;
      const connected = client.connect();
      await new Promise<void>((resolve, reject) => {
        onError = (error) => {
          unreadable = error;
          reject(error);
        };
        const onDeadline = (): void => reject(late(unreadable));
        if (deadline.aborted) onDeadline();
        deadline.addEventListener('abort', onDeadline, { once: true });
        connected
          .then(() => resolve(), reject)
          .finally(() => {
            deadline.removeEventListener('abort', onDeadline);
          });
      });
    } catch (error) {
      end();
      if (error instanceof OpeningError) throw error;
      const isLate = error instanceof plan.library.ConnectionTimeoutError;
      throw new OpeningError(stage, { isLate, isTls, cause: error });
    }
    const connection = new ServerConnection(plan, client);
    onError = (error) => connection.destroy(error);
    return connection;
  }

  private constructor(
    { library, timeout }: ConnectionPlan,
    client: ReturnType<RedisLibrary['createClient']>,
  ) {
    this.#client = client;
    this.#library = library;
    this.#timeout = timeout;
    this.#ticker = everyTick(timeout, () => this.#tick()).unref();
    client.on('end', () => this.destroy(undefined));
  }

  /** Whether a command that is sent now goes out. */
  get isOpen(): boolean {
    return this.#end === undefined && this.#client.isReady;
  }

  /** Whether it has answered any command. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Has the end reported, with the reason; at once if it has ended already. */
  whenEnded(tell: (reason: unknown) => void): void {
    this.#onEnd = tell;
    if (this.#end !== undefined) tell(this.#end.reason);
  }

  /**
   * Sends a command, in the order of calls. Rejects with `NotSentError`, with
   * `ConnectionLostError`, or with what the server answered.
   */
  async send(args: CommandArguments): Promise<unknown> {
    if (!this.isOpen) throw new NotSentError(this.#end?.reason);
    if (this.#waiting++ === 0) this.#heard();
    try {
      const reply: unknown = await this.#client.sendCommand([...args]);
      this.#hasAnswered = true;
      return reply;
    } catch (error) {
      if (error instanceof this.#library.ErrorReply) {
        this.#hasAnswered = true;
        throw error;
      }
      const { ClientClosedError, ClientOfflineError } = this.#library;
      if (error instanceof ClientClosedError || error instanceof ClientOfflineError) {
        throw new NotSentError(this.#end?.reason ?? error);
      }
      throw new ConnectionLostError(this.#end?.reason ?? error);
    } finally {
      this.#waiting--;
      this.#heard();
    }
  }

  /** Lets what was sent be answered, but no longer than a time-out; sends no more. */
  retire(): void {
    let ticks = 0;
    const timer = everyTick(this.#timeout, () => {
      if (this.#waiting > 0 && ++ticks < TICKS) return;
      clearInterval(timer);
      this.destroy(undefined);
    });
  }

  /** Ends it; what waits for an answer rejects. */
  destroy(reason: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { reason };
    clearInterval(this.#ticker);
    destroyQuietly(this.#client);
    this.#onEnd(reason);
  }

  #heard(): void {
    this.#wasHeard = true;
  }

  #tick(): void {
    this.#silentTicks = this.#waiting === 0 || this.#wasHeard ? 0 : this.#silentTicks + 1;
    this.#wasHeard = false;
    if (this.#silentTicks >= TICKS) this.destroy(new SilentServerError(this.#timeout));
  }
}

function clientOptions({ options, timeout }: ConnectionPlan, deadline: Deadline): ClientOptions {
  return {
    maintNotifications: 'disabled',
    ...options,
    socket: {
      connectTimeout: timeout,
      ...options.socket,
      reconnectStrategy: false,
      // A socket that is being connected is not the client's yet, and would outlive it.
      signal: deadline,
    } as NonNullable<ClientOptions['socket']>,
    // The client's own time-outs cost twice the time of a command and do not end one that was sent.
    commandOptions: { timeout: 0 },
    disableOfflineQueue: true,
    // A full queue would be reported like a broken connection.
    commandsQueueMaxLength: Number.POSITIVE_INFINITY,
  };
}

function destroyQuietly(client: { destroy(): unknown }): void {
  try {
    client.destroy();
  } catch {
    // It was never open, or has ended by itself.
  }
}
