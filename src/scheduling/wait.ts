import { SnapscrapeError } from '../model/errors.ts';

/** What ends a wait before the awaited thing does. */
export interface WaitLimits {
  /** Ends the wait with an `aborted` error. */
  readonly signal?: AbortSignal | undefined;
  /** After how many ms the wait ends without an error. */
  readonly deadline?: number | undefined;
}

/**
 * Waits for shared work without any power over it: a caller that gives up leaves the others
 * waiting. Returns whether the work was done, rather than the time for it over.
 */
export async function waitFor(work: Promise<void>, limits: WaitLimits): Promise<boolean> {
  const { signal, deadline } = limits;
  if (signal?.aborted) {
    work.catch(() => undefined);
    throw abortedError(signal.reason);
  }
  let timer: NodeJS.Timeout | undefined;
  let stay: (() => void) | undefined;
  try {
    return await new Promise<boolean>((resolve, reject) => {
      work.then(() => resolve(true), reject);
      stay = onAbort(signal, () => reject(abortedError(signal?.reason)));
      if (deadline !== undefined) {
        timer = setTimeout(() => resolve(false), Math.max(0, deadline));
      }
    });
  } finally {
    clearTimeout(timer);
    stay?.();
  }
}

/** The error of a caller that gave up. */
export function abortedError(cause: unknown): SnapscrapeError {
  return new SnapscrapeError('aborted', 'The caller gave up waiting', { cause });
}

/** The callbacks that wait on a signal, and the one listener that calls them. */
interface Waiting {
  readonly callbacks: Set<() => void>;
  readonly tell: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls back when a signal is aborted; returns how to undo that. One listener serves all that wait
 * on a signal, as Node warns of a leak where a signal has more than ten.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => undefined;
  const { callbacks, tell } = waitingOn(signal);
  // The same function may wait twice.
  const entry = (): void => callback();
  callbacks.add(entry);
  return () => {
    callbacks.delete(entry);
    if (callbacks.size > 0 || waiting.get(signal)?.tell !== tell) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', tell);
  };
}

function waitingOn(signal: AbortSignal): Waiting {
  const known = waiting.get(signal);
  if (known !== undefined) return known;
  const callbacks = new Set<() => void>();
  const tell = (): void => {
    waiting.delete(signal);
    for (const each of callbacks) each();
  };
  const made = { callbacks, tell };
  waiting.set(signal, made);
  signal.addEventListener('abort', tell, { once: true });
  return made;
}
