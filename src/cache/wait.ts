import { SnapscrapeError } from '../model/errors.ts';

/** What ends a wait before the awaited thing does. */
export interface WaitLimits {
  /** Ends the wait with an `aborted` error. */
  readonly signal?: AbortSignal | undefined;
  /** After how many ms the wait ends without an error. */
  readonly deadline?: number | undefined;
}

/**
 * Waits for shared work without any power over it: whoever gives up leaves the others waiting. Answers
 * whether the work was done, rather than the time for it over.
 */
export async function waitFor(work: Promise<void>, limits: WaitLimits): Promise<boolean> {
  const { signal, deadline } = limits;
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<boolean>((resolve, reject) => {
      work.then(() => resolve(true), reject);
      onAbort = (): void => reject(abortedError(signal?.reason));
      signal?.addEventListener('abort', onAbort, { once: true });
      if (deadline !== undefined) {
        timer = setTimeout(() => resolve(false), Math.max(0, deadline));
      }
    });
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
  }
}

/** The error of a caller who gave up. */
export function abortedError(cause: unknown): SnapscrapeError {
  return new SnapscrapeError('aborted', 'The caller gave up waiting', { cause });
}
