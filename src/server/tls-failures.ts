import type { Server } from 'node:tls';
import type { Sample, SelfFamily } from '../http/self-families.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { CLIENT_REFUSALS, type ClientRefusal } from '../web/client-rejection.ts';
import { secureServer } from '../web/secure-server.ts';
import type { WebConfigFile } from '../web/web-config-file.ts';

/** How long a report of one reason keeps others of that reason away, in ms. */
const WINDOW_MS = 60_000;

const TEXTS: Readonly<Record<ClientRefusal, string>> = {
  plain_http: 'it sent HTTP to an HTTPS port; use https in its URL',
  not_tls: 'it does not speak TLS',
  no_common_protocol: 'it shares no TLS version, cipher suite or curve with this server',
  no_certificate: 'it sent no certificate; give it one that client_ca_file trusts',
  unknown_ca: 'its certificate is not signed by a client CA; add its issuer to client_ca_file',
  certificate_expired: 'its certificate, or one that signed it, is not valid now; renew it',
  handshake_too_old: 'its certificates were verified an hour ago; it may connect again',
  bad_certificate: 'its certificate cannot be verified',
  san_not_allowed: 'its certificate has no name in client_allowed_sans',
  client_alert: 'it ended the handshake; it may not trust the certificate of this server',
  timeout: 'it took too long for the handshake',
  closed: 'it closed the connection during the handshake',
  other: 'OpenSSL could not finish the handshake',
};

/** Counts rejected TLS clients, and reports one a minute for each reason. */
export class TlsFailures {
  readonly #onError: (error: SnapscrapeError) => void;
  readonly #now: () => number;
  readonly #counts = new Map<ClientRefusal, number>();
  readonly #reported = new Map<ClientRefusal, { readonly at: number; readonly count: number }>();

  /**
   * @param onError - is called with `handshake_failed`. Must not throw.
   * @param now - a monotonic clock, in ms.
   */
  constructor(onError: (error: SnapscrapeError) => void, now: () => number) {
    this.#onError = onError;
    this.#now = now;
  }

  /** Notes a rejected client. Only the address of the latest one is kept. */
  add(reason: ClientRefusal, address: string | undefined): void {
    const count = this.count(reason) + 1;
    this.#counts.set(reason, count);
    const last = this.#reported.get(reason);
    const now = this.#now();
    if (last !== undefined && now - last.at < WINDOW_MS) return;
    this.#reported.set(reason, { at: now, count });
    const silent = count - (last?.count ?? 0) - 1;
    const more = silent === 0 ? '' : `, and ${silent} more since the last report`;
    const client = address === undefined ? 'A TLS client' : `A TLS client at ${address}`;
    const text = `${client} was rejected (${reason}): ${TEXTS[reason]}${more}`;
    this.#onError(new SnapscrapeError('handshake_failed', text));
  }

  /** How many clients were rejected for a reason. */
  count(reason: ClientRefusal): number {
    return this.#counts.get(reason) ?? 0;
  }
}

/** The metric of rejected TLS clients; left out while there is no TLS. */
export function tlsFailuresFamily(failures: TlsFailures, hasTls: () => boolean): SelfFamily {
  return {
    name: 'tls_handshake_failures_total',
    type: 'counter',
    help: 'TLS clients that were refused, during the handshake or later, by reason.',
    samples: () =>
      hasTls()
        ? CLIENT_REFUSALS.map((reason): Sample => [{ reason }, failures.count(reason)])
        : undefined,
  };
}

/** Keeps a TLS server to its web configuration file, and counts the clients that it rejects. */
export function followWebConfig(server: Server, file: WebConfigFile, failures: TlsFailures): void {
  const add: TlsFailures['add'] = (reason, address) => failures.add(reason, address);
  secureServer(server, file, add, { onHandshakeFailure: add });
}
