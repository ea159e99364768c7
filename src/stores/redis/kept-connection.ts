import { NotSentError, type OpeningError } from './connection-errors.ts';
import type { CommandArguments, Deadline, OnStage, ServerConnection } from './server-connection.ts';
import { afterTicks } from './tick-timer.ts';

/** How a connection is opened again and again. */
export interface KeepingPlan {
  /** Opens one, wherever the server is now. */
  readonly open: (deadline: Deadline, onStage: OnStage) => Promise<ServerConnection>;
  /** How long opening may take, from the first byte to the greeting, in ms. */
  readonly timeout: number;
  /** Reports why a connection ended or could not be opened. */
  readonly onError: (error: unknown) => void;
  /** Called when a connection was opened. */
  readonly onOpen: () => void;
}

const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/** The part of a time-out that opening may take. */
export const OPENING_SHARE = 0.9;

/** A connection to one place that is opened again whenever it ends, after pauses. */
export class KeptConnection {
  readonly #plan: KeepingPlan;
  #current: ServerConnection | undefined;
  #opening: Promise<void> | undefined;
  #abort: AbortController | undefined;
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

  /** Whether a command that is sent now goes out. */
  get isReady(): boolean {
    return this.#current?.isOpen === true;
  }

  /** Sends a command; rejects with `NotSentError` where there is no connection. */
  send(args: CommandArguments): Promise<unknown> {
    return (
      this.#current?.send(args) ?? Promise.reject(new NotSentError(this.#error ?? this.#pending))
    );
  }

  /** Sends a command right after another one whose answer is not looked at. */
  sendAfter(first: CommandArguments, args: CommandArguments): Promise<unknown> {
    this.send(first).catch(() => undefined);
    return this.send(args);
  }

  /**
   * Opens another connection, which then takes the place of this one: the name may lead elsewhere
   * by now. Resolves when that has succeeded or failed; with false, at once, if it is too soon
   * after the last time.
   */
  async renew(): Promise<boolean> {
    if (this.#opening === undefined) {
      if (this.#isEnded || performance.now() < this.#renewAt) return false;
      clearTimeout(this.#pauseTimer);
      this.#renewAt = performance.now() + this.#nextPause();
    }
    await this.#open();
    return true;
  }

  /** Notes that the place is the right one: the next renewal need not wait. */
  confirm(): void {
    this.#failures = 0;
    this.#renewAt = 0;
  }

  /** Lets what was sent be answered, but no longer than a time-out, and opens no more. */
  retire(): void {
    this.#isEnded = true;
    clearTimeout(this.#pauseTimer);
    if (this.#current === undefined) this.#abort?.abort();
    else this.#current.retire();
  }

  /** Ends it; what waits for an answer rejects. */
  destroy(): void {
    this.#isEnded = true;
    clearTimeout(this.#pauseTimer);
    this.#abort?.abort();
    this.#current?.destroy(undefined);
  }

  #open(): Promise<void> {
    this.#opening ??= this.#attempt().finally(() => {
      this.#opening = undefined;
      if (this.#current === undefined && !this.#isEnded) this.#openLater();
    });
    return this.#opening;
  }

  async #attempt(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    // A call that waits for it can still say what became of it.
    const end = afterTicks(OPENING_SHARE * this.#plan.timeout, () => abort.abort());
    try {
      const opened = await this.#plan.open(abort.signal, (pending) => {
        this.#pending = pending;
      });
      if (this.#isEnded) opened.destroy(undefined);
      else this.#take(opened);
    } catch (error) {
      if (this.#isEnded) return;
      if (this.#current === undefined) this.#error = error;
      this.#plan.onError(error);
    } finally {
      end();
      this.#pending = undefined;
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
    if (this.#opening === undefined) this.#openLater();
  }

  #openLater(): void {
    clearTimeout(this.#pauseTimer);
    this.#pauseTimer = setTimeout(() => void this.#open(), this.#nextPause());
  }

  /** Longer each time, and never all at once. */
  #nextPause(): number {
    // Two time-outs have to do for a pause and what follows it.
    const most = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, this.#plan.timeout / 4));
    const longest = Math.min(most, SHORTEST_PAUSE_MS * 2 ** Math.min(this.#failures++, 10));
    return longest / 2 + (Math.random() * longest) / 2;
  }
}
