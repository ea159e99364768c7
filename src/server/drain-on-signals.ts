import type { ExporterServer } from './exporter-server.ts';

/** How long the rest of the process may take to end once the server is closed, in ms. */
const LINGER_MS = 5000;

/**
 * Closes a server gracefully on a signal, and with it what the server `closes`. A second
 * signal ends the process at once. Resolves when the server is closed, by a signal or otherwise.
 *
 * Keeps no process alive. If something else does, such as a timer, the signal ends the process 5 s
 * after the server was closed.
 *
 * @param signals - default SIGTERM and SIGINT.
 */
export async function drainOnSignals(
  server: Pick<ExporterServer, 'close' | 'closed'>,
  signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'],
): Promise<void> {
  let first: NodeJS.Signals | undefined;
  const leave = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  const endBy = (signal: NodeJS.Signals): void => {
    leave();
    // With no listener left it does what it does by itself.
    process.kill(process.pid, signal);
  };
  // Listened to until the end: of two signals that come at once, Node drops the second one if the
  // first one removes its listener.
  const onSignal = (signal: NodeJS.Signals): void => {
    if (first !== undefined) {
      endBy(signal);
      return;
    }
    first = signal;
    void server.close();
  };
  for (const signal of signals) process.on(signal, onSignal);
  await server.closed;
  leave();
  const signal: NodeJS.Signals | undefined = first;
  if (signal !== undefined) setTimeout(() => endBy(signal), LINGER_MS).unref();
}
