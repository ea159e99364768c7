import type { Server } from 'node:net';
import type { SelfFamily } from '../http/self-families.ts';
import { SnapscrapeError } from '../model/errors.ts';

/** INTERNAL_ERROR (RFC 9113, 7). */
const INTERNAL_ERROR = 2;

/**
 * Cuts connections whose handling throws, counts them and reports each. No bytes of a client may
 * end the process, whatever problem of ours, of Node or of a user they find.
 */
export class ConnectionErrors {
  readonly #onError: (error: SnapscrapeError) => void;
  #count = 0;

  /** @param onError - must not throw. */
  constructor(onError: (error: SnapscrapeError) => void) {
    this.#onError = onError;
  }

  /** How many connections were cut, as one of the exporter's own metrics. */
  readonly family: SelfFamily = {
    name: 'connection_faults_total',
    type: 'counter',
    help: 'Connections that the server cut because handling them failed.',
    samples: () => [[{}, this.#count]],
  };

  /** From now on no error of a listener leaves the server. */
  survive(server: Server): void {
    const emit: (event: string | symbol, ...subjects: unknown[]) => boolean =
      server.emit.bind(server);
    // Node itself calls `emit` for all that comes over the network, so this covers its own
    // listeners.
    const guarded: typeof emit = (event, ...subjects) => {
      try {
        return emit(event, ...subjects);
      } catch (cause) {
        this.met(String(event), cause, subjects);
        return true;
      }
    };
    Object.assign(server, { emit: guarded });
  }

  /** Cuts what an event was about: sockets, sessions, requests and responses. */
  met(event: string, cause: unknown, subjects: readonly unknown[]): void {
    this.#count++;
    for (const subject of subjects) cut(subject);
    this.#onError(
      new SnapscrapeError(
        'connection_failed',
        `A connection was cut, because its ${event} could not be handled; see the cause`,
        { cause },
      ),
    );
  }
}

/** What can be cut. */
interface Cuttable {
  destroy(): unknown;
  on?(event: 'error', listener: () => void): unknown;
  /** Streams of HTTP/2, and their responses, send the client the reason. */
  close?(code: number): unknown;
  readonly stream?: Cuttable;
}

function cut(subject: unknown): void {
  if (typeof subject !== 'object' || subject === null || !('destroy' in subject)) return;
  // Whatever it is, what goes wrong here is caught.
  const whole = subject as Cuttable;
  try {
    const part = whole.stream ?? whole;
    part.on?.('error', () => undefined);
    if ('rstCode' in part) part.close?.(INTERNAL_ERROR);
    else part.destroy();
  } catch {
    // It is cut already.
  }
}
