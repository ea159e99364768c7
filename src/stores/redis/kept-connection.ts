import { SharedTask } from '../../scheduling/shared-task.ts';
import { NotSentError, type OpeningError } from './connection-errors.ts';
import type { LinkPlan, RedisLink } from './redis-link.ts';
import type { CommandArguments, Deadline, OnStage, ServerConnection } from './server-connection.ts';
import { TickedDeadline } from './tick-timer.ts';

/** How a connection is opened again and again. */
export interface KeepingPlan extends Omit<LinkPlan, 'library'> {
  /** Opens one, wherever the server is now. */
  readonly open: (deadline: Deadline, onStage: OnStage) => Promise<ServerConnection>;
  /** Called when the link is ended by its user. */
  readonly onDestroy?: () => void;
}

const SHORTEST_PAUSE_MS = 50;
/** The longest pause between two tries, in ms. */
export const LONGEST_PAUSE_MS = 1_000;
/** The part of a time-out that opening may take. */
export const OPENING_SHARE = 0.9;

/**
 * How long to wait after so many failures in a row, in ms at most: longer each time. Two time-outs
 * have to do for a pause and what follows it.
 */
export function longestPause(failures: number, timeout: number): number {
  const most = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, timeout / 4));
  return Math.min(most, SHORTEST_PAUSE_MS * 2 ** Math.min(failures, 10));
}

/** A connection to one place that is opened again whenever it ends, after pauses. */
export class KeptConnection implements RedisLink {
  readonly #plan: KeepingPlan;
  #current: ServerConnection | undefined;
  readonly #opening = new SharedTask<void>();
  #deadline: TickedDeadline | undefined;
  #pauseTimer: NodeJS.Timeout | undefined;
  // Openings in a row that came to nothing, renewals among them.
  #failures = 0;
  #renewAt = 0;
  #error: unknown;
  #pending: OpeningError | undefined;
  #isEnded = false;

  constructor(plan: KeepingPlan) {
    this.#plan = plan;
    void this.#open();
  }

  get isReady(): boolean {
    return this.#current?.isOpen === true;
  }

  send(_key: string, args: CommandArguments): Promise<unknown> {
    return (
      this.#current?.send(args) ?? Promise.reject(new NotSentError(this.#error ?? this.#pending))
    );
  }

  /** Sends a command right after another one whose answer is not looked at. */
  sendAfter(first: CommandArguments, key: string, args: CommandArguments): Promise<unknown> {
    this.send(key, first).catch(() => undefined);
    return this.send(key, args);
  }

  /**
   * Opens another connection, which then takes the place of this one: the name may lead elsewhere
   * by now. Resolves when that has succeeded or failed; with false, at once, if it is too soon
   * after the last time.
   */
  async renew(): Promise<boolean> {
    if (!this.#opening.isRunning) {
      if (this.#isEnded || performance.now() < this.#renewAt) return false;
      clearTimeout(this.#pauseTimer);
      this.#renewAt = performance.now() + this.#nextPause();
    }
    await this.#open();
    return true;
  }

  /** The next renewal need not wait: the place is the right one. */
  confirm(): void {
    this.#failures = 0;
    this.#renewAt = 0;
  }

  /** Lets what was sent be answered, but no longer than a time-out, and opens no more. */
  retire(): void {
    this.#isEnded = true;
    clearTimeout(this.#pauseTimer);
    if (this.#current === undefined) this.#deadline?.abort();
    else this.#current.retire();
  }

  destroy(): void {
    this.#isEnded = true;
    this.#plan.onDestroy?.();
    clearTimeout(this.#pauseTimer);
    this.#deadline?.abort();
    this.#current?.destroy(undefined);
  }

  #open(): Promise<void> {
    return this.#opening.run(() => this.#attempt());
  }

  async #attempt(): Promise<void> {
    // A call that waits for it can still say what became of it.
    const deadline = new TickedDeadline(OPENING_SHARE * this.#plan.timeout);
    this.#deadline = deadline;
    try {
      const opened = await this.#plan.open(deadline.signal, (pending) => {
        this.#pending = pending;
      });
      if (this.#isEnded) opened.destroy(undefined);
      else this.#take(opened);
    } catch (error) {
      if (this.#isEnded) return;
      if (this.#current === undefined) this.#error = error;
      this.#plan.onError(error);
    } finally {
      deadline.clear();
      this.#pending = undefined;
      if (this.#current === undefined && !this.#isEnded) this.#openLater();
    }
  }

  #take(opened: ServerConnection): void {
    this.#current?.retire();
    this.#current = opened;
    this.#error = undefined;
    opened.whenEnded((reason) => this.#ended(opened, reason));
    this.#plan.onOpen();
  }

  #ended(connection: ServerConnection, reason: unknown): void {
    if (this.#current !== connection || this.#isEnded) return;
    this.#current = undefined;
    this.#error = reason;
    // One that is made and breaks before it is of use is no better than one that is not made.
    if (connection.hasAnswered) this.#failures = 0;
    this.#plan.onError(reason);
    if (!this.#opening.isRunning) this.#openLater();
  }

  #openLater(): void {
    clearTimeout(this.#pauseTimer);
    this.#pauseTimer = setTimeout(() => void this.#open(), this.#nextPause());
  }

  /** Not the same for all: they must not come all at once. */
  #nextPause(): number {
    const longest = longestPause(this.#failures++, this.#plan.timeout);
    return longest / 2 + (Math.random() * longest) / 2;
  }
}
