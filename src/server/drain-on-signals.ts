import type { ExporterServer } from './exporter-server.ts';

/**
 * Closes a server with care when the process is told to end; a second signal ends the process at once, as if
 * nobody listened for it. Resolves when the server is closed, by a signal or otherwise; close readers and stores
 * then. Keeps no process alive, and does not end it either: it ends by itself when nothing is left to do.
 *
 * @param signals - default SIGTERM and SIGINT.
 */
export async function drainOnSignals(
  server: Pick<ExporterServer, 'close' | 'closed'>,
  signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'],
): Promise<void> {
  const leave = (): void => {
    for (const signal of signals) process.off(signal, drain);
  };
  const drain = (): void => {
    // From now on each signal does what it does by itself: it ends the process.
    leave();
    void server.close();
  };
  for (const signal of signals) process.on(signal, drain);
  await server.closed;
  leave();
}
