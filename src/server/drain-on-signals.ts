import type { ExporterServer } from './exporter-server.ts';

/** How long the rest of the process may take to end once the server is closed, in ms. */
const LINGER_MS = 5000;

/**
 * Closes a server with care when the process is told to end, and with it what the server `closes`. A second
 * signal ends the process at once. Resolves when the server is closed, by a signal or otherwise.
 *
 * Keeps no process alive. If something else does, such as a timer, the signal ends the process 5 s after the
 * server was closed.
 *
 * @param signals - default SIGTERM and SIGINT.
 */
export async function drainOnSignals(
  server: Pick<ExporterServer, 'close' | 'closed'>,
  signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'],
): Promise<void> {
  let received: NodeJS.Signals | undefined;
  const leave = (): void => {
    for (const signal of signals) process.off(signal, drain);
  };
  const drain = (signal: NodeJS.Signals): void => {
    received = signal;
    // From now on each signal does what it does by itself: it ends the process.
    leave();
    void server.close();
  };
  for (const signal of signals) process.on(signal, drain);
  await server.closed;
  leave();
  const told = received;
  if (told !== undefined) setTimeout(() => process.kill(process.pid, told), LINGER_MS).unref();
}
