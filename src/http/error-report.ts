import { isLogged, logError } from '../logging/default-log.ts';
import { rootOf, SnapscrapeError } from '../model/errors.ts';
import { callSafely } from '../scheduling/call-safely.ts';

/** Every thing that may have been done when an error was met. */
export const ERROR_STAGES = ['refresh', 'page', 'sending'] as const;

/** What was being done when an error was met. */
export interface ErrorContext {
  /**
   * `refresh`: the source was read for this scrape, or is failing since before; `page`: the page
   * was being made; `sending`: the response had begun, and its connection was cut.
   */
  readonly during: (typeof ERROR_STAGES)[number];
  /** The status of the response: 200 if the last good snapshot is served in spite of it. */
  readonly status: number;
}

/** Receives the errors that a handler met. */
export type ErrorListener = (error: SnapscrapeError, context: ErrorContext) => void;

/**
 * The default `onError` of a handler: logs an error, unless the reader that met it has logged it.
 */
export const logScrapeError: ErrorListener = (error, { during, status }) => {
  if (!isLogged(error)) logError('handler', error, { during, status });
};

/** Counts the scrapes that met an error, and reports each error once to a listener. */
export class ErrorReport {
  /** How many scrapes met an error, by what was being done. */
  readonly counts: Record<ErrorContext['during'], number> = { refresh: 0, page: 0, sending: 0 };
  readonly #listener: ErrorListener;
  readonly #reported = new WeakSet<Error>();

  /** @param listener - what it throws, at once or later, fails neither a scrape nor the process. */
  constructor(listener: ErrorListener) {
    this.#listener = listener;
  }

  /** Reports an error; wraps it if it is not a SnapscrapeError. */
  report(thrown: unknown, context: ErrorContext): void {
    this.counts[context.during]++;
    const error = asScrapeError(thrown);
    const root = rootOf(error);
    if (this.#reported.has(root)) return;
    this.#reported.add(root);
    callSafely(this.#listener, error, context);
  }
}

function asScrapeError(cause: unknown): SnapscrapeError {
  if (cause instanceof SnapscrapeError) return cause;
  return new SnapscrapeError('scrape_failed', 'A page could not be made or sent; see the cause', {
    cause,
  });
}
