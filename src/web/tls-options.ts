import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { TLS13_SUITES } from './tls-names.ts';
import type { TlsServerConfig, WebConfig } from './web-config.ts';

/** What servers of `node:https` and `node:http2` (`createSecureServer`) take. */
export interface SecureServerOptions extends SecureContextOptions, TlsOptions {
  /** For HTTP/2 servers: those who do not speak it are served as well. */
  readonly allowHTTP1: true;
}

/**
 * The options of a TLS server by a web configuration; undefined when it has no TLS.
 *
 * Which versions of HTTP are offered is up to the server they are given to: `createServer` of `node:https`
 * speaks HTTP/1.1, `createSecureServer` of `node:http2` both. `config.http2` says which one is wanted.
 *
 * For a server that lives as long as the process, prefer `secureServer`: it also checks the clients'
 * certificates in those modes that Node does not have, and follows changes of the files.
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

/** The part that a server can take anew at any time. */
export function secureContextOptionsOf(tls: TlsServerConfig): SecureContextOptions {
  const isOld = tls.minVersion === 'TLSv1' || tls.minVersion === 'TLSv1.1';
  const suites = tls.cipherSuites?.concat(TLS13_SUITES).join(':');
  // OpenSSL 3 speaks what is older than TLS 1.2 at its lowest level of security only.
  const ciphers = isOld ? `${suites ?? 'DEFAULT'}:@SECLEVEL=0` : suites;
  return {
    cert: tls.cert,
    key: tls.key.reveal(),
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    honorCipherOrder: tls.preferServerCipherSuites,
    ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa }),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(tls.curves === undefined ? {} : { ecdhCurve: tls.curves.join(':') }),
  };
}

/**
 * Whether Node asks clients for certificates, and whether it refuses them itself. Refusing during the
 * handshake is its only mode; for the others `clientRefusal` looks at the connection afterwards.
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
