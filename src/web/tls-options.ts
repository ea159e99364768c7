import { constants } from 'node:crypto';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { TLS13_SUITES } from './tls-names.ts';
import type { TlsServerConfig, WebConfig } from './web-config.ts';

/** What servers of `node:https` and `node:http2` (`createSecureServer`) take. */
export interface SecureServerOptions extends SecureContextOptions, TlsOptions {
  /** For HTTP/2 servers: clients that do not speak it are served as well. */
  readonly allowHTTP1: true;
}

/**
 * The options of a TLS server by a web configuration; undefined if it has no TLS.
 *
 * The server that takes them decides which versions of HTTP it offers: `createServer` of
 * `node:https` speaks HTTP/1.1, `createSecureServer` of `node:http2` both. `config.http2` says
 * which one is wanted.
 *
 * Call `secureServer` with the server: it checks client certificates in ways that Node has no
 * option for, and follows changes of the files.
 */
export function tlsOptionsOf(config: Pick<WebConfig, 'tls'>): SecureServerOptions | undefined {
  const { tls } = config;
  if (tls === undefined) return undefined;
  return {
    ...secureContextOptionsOf(tls),
    ...clientAuthOptionsOf(tls),
    allowHTTP1: true,
  };
}

/** The part that a server can change while it listens. */
export function secureContextOptionsOf(tls: TlsServerConfig): SecureContextOptions {
  const isOld = tls.minVersion === 'TLSv1' || tls.minVersion === 'TLSv1.1';
  const suites = tls.cipherSuites?.concat(TLS13_SUITES).join(':');
  // OpenSSL 3 speaks versions below TLS 1.2 only at its lowest security level.
  const ciphers = isOld ? `${suites ?? 'DEFAULT'}:@SECLEVEL=0` : suites;
  return {
    cert: tls.cert,
    key: tls.key.reveal(),
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    honorCipherOrder: tls.preferServerCipherSuites,
    sessionIdContext: 'snapscrape',
    // A resumed session is not verified again, and does not show which CA signed the certificate.
    ...(verifiesClients(tls) ? { secureOptions: constants.SSL_OP_NO_TICKET } : {}),
    // As in Go, each certificate of the file is trusted as it is: an intermediate, or a client's
    // own.
    ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, allowPartialTrustChain: true }),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(tls.curves === undefined ? {} : { ecdhCurve: tls.curves.join(':') }),
  };
}

/** Whether clients' certificates must be signed by a client CA. */
export function verifiesClients({ clientAuth }: Pick<TlsServerConfig, 'clientAuth'>): boolean {
  return clientAuth === 'VerifyClientCertIfGiven' || clientAuth === 'RequireAndVerifyClientCert';
}

/**
 * Whether Node asks clients for certificates, and whether it rejects them itself. Node can only
 * verify all certificates during the handshake; for the other types `secureServer` looks at them
 * afterwards.
 */
export function clientAuthOptionsOf({ clientAuth }: TlsServerConfig): {
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
} {
  return {
    requestCert: clientAuth !== 'NoClientCert',
    rejectUnauthorized: clientAuth === 'RequireAndVerifyClientCert',
  };
}
