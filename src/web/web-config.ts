import type { SecureVersion } from 'node:tls';
import type { Secret } from './secret.ts';

/**
 * Whether clients have to show certificates, by Go's names.
 *
 * - `NoClientCert`: none is asked for.
 * - `RequestClientCert`: one is asked for; none, or an unsigned one, will do.
 * - `RequireAnyClientCert`: one must be shown; any issuer will do.
 * - `VerifyClientCertIfGiven`: none will do, but one that is shown must be signed by the client CA.
 * - `RequireAndVerifyClientCert`: one must be shown, signed by the client CA. The only safe one.
 */
export type ClientAuthType =
  | 'NoClientCert'
  | 'RequestClientCert'
  | 'RequireAnyClientCert'
  | 'VerifyClientCertIfGiven'
  | 'RequireAndVerifyClientCert';

/** What `tls_server_config` says, with the files it names read, in the terms of Node. */
export interface TlsServerConfig {
  /** The server's certificate and what it was signed with, as PEM. */
  readonly cert: string;
  /** The private key of the certificate, as PEM. */
  readonly key: Secret;
  /** The certificates that sign those of clients, as PEM; without, those that Node trusts. */
  readonly clientCa: string | undefined;
  /** Whether clients have to show certificates. */
  readonly clientAuth: ClientAuthType;
  /** The names of which a client's certificate must have one; undefined: any will do. */
  readonly clientAllowedSans: readonly string[] | undefined;
  /** The oldest version of TLS that is spoken. */
  readonly minVersion: SecureVersion;
  /** The newest version of TLS that is spoken. */
  readonly maxVersion: SecureVersion;
  /** The suites for TLS 1.2 and older, by OpenSSL's names; undefined: those of Node. */
  readonly cipherSuites: readonly string[] | undefined;
  /** The curves of the key exchange, by OpenSSL's names; undefined: those of Node. */
  readonly curves: readonly string[] | undefined;
  /** Whether the order of our suites counts, not that of the client's. */
  readonly preferServerCipherSuites: boolean;
}

/** A token bucket: how often requests are let through. */
export interface RateLimit {
  /** The time after which one more request is let through, in ms, above 0. */
  readonly intervalMs: number;
  /** How many requests are let through at once, at least 1. */
  readonly burst: number;
}

/** What a web configuration says of requests, whatever they came over. */
export interface AccessConfig {
  /** Headers of every response. */
  readonly headers: ReadonlyMap<string, string>;
  /**
   * Users and the bcrypt hashes of their passwords; with users or tokens, others are rejected.
   */
  readonly users: ReadonlyMap<string, Secret>;
  /** Names of tokens, and the SHA-256 of each token in lower-case hex. */
  readonly bearerTokens: ReadonlyMap<string, Secret>;
  /** How often requests are let through, all clients together; undefined: always. */
  readonly rateLimit: RateLimit | undefined;
}

/** A web configuration file, read and checked. */
export interface WebConfig extends AccessConfig {
  /** TLS; undefined: plain HTTP. */
  readonly tls: TlsServerConfig | undefined;
  /** Whether HTTP/2 is offered, where there is TLS. */
  readonly http2: boolean;
}
