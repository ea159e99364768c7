import { SnapscrapeError } from '../model/errors.ts';
import type { Closeable } from './server-options.ts';

/** How long one of them may take, in ms; then it is left to itself. */
const CLOSE_MS = 5000;

/**
 * Closes one after the other. Never rejects: what fails or hangs is reported, and the next one is
 * closed.
 *
 * @param onError - called with each `close_failed`; must not throw.
 */
export async function closeInOrder(
  closeables: readonly Closeable[],
  onError: (error: SnapscrapeError) => void,
): Promise<void> {
  for (const [at, closeable] of closeables.entries()) {
    const fail = (reason: string, cause?: unknown): void =>
      onError(new SnapscrapeError('close_failed', `closes[${at}] ${reason}`, { cause }));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        fail(`did not close within ${CLOSE_MS} ms; it is left to itself`);
        resolve();
      }, CLOSE_MS);
    });
    // In a promise, so that what it throws at once is caught as well.
    const closing = Promise.resolve()
      .then(() => closeable.close())
      .catch((cause: unknown) => fail('could not be closed; see the cause', cause));
    await Promise.race([closing, late]);
    clearTimeout(timer);
  }
}
