import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import {
  chainValidity,
  ownValidity,
  type TrustedCertificates,
  trustedCertificates,
  type Validity,
} from './chain-validity.ts';
import { type ClientRefusal, certificateRejection } from './client-rejection.ts';
import { subjectAltNames } from './subject-alt-names.ts';
import { verifiesClients } from './tls-options.ts';
import type { TlsServerConfig } from './web-config.ts';

/** How long a handshake counts if Node does not show all certificates that it verified, in ms. */
const MOST_UNSEEN = 3_600_000;

/** What is asked of a TLS connection. */
type ClientConnection = Pick<
  TLSSocket,
  'authorized' | 'authorizationError' | 'getPeerX509Certificate'
>;

/**
 * One client's certificate, judged during its handshake and again for each request: certificates
 * expire and configurations change while a connection lives.
 */
export class ClientAdmission {
  readonly #certificate: X509Certificate | undefined;
  readonly #verdict: unknown;
  readonly #now: () => number;
  /** The configuration that OpenSSL verified the certificate by. */
  readonly #verifiedBy: TlsServerConfig;
  /** The configuration that admitted the client last. */
  #admittedBy: TlsServerConfig | undefined;
  #validity: Validity | undefined;
  /** Until when the handshake counts, in ms since 1970. */
  #goodUntil = Number.POSITIVE_INFINITY;

  /**
   * @param tls - the configuration of the handshake.
   * @param now - the wall clock, in ms since 1970.
   */
  constructor(tls: TlsServerConfig, socket: ClientConnection, now: () => number) {
    this.#certificate =
      tls.clientAuth === 'NoClientCert' ? undefined : socket.getPeerX509Certificate();
    this.#verdict = socket.authorized ? undefined : (socket.authorizationError ?? 'unknown');
    this.#verifiedBy = tls;
    this.#now = now;
  }

  /** Whether the client may go on under a configuration; undefined: it may. */
  rejection(tls: TlsServerConfig): ClientRefusal | undefined {
    const rejection = tls === this.#admittedBy ? undefined : this.#judge(tls);
    if (rejection !== undefined) return rejection;
    this.#admittedBy = tls;
    return verifiesClients(tls) ? this.#rejectionByTime() : undefined;
  }

  #judge(tls: TlsServerConfig): ClientRefusal | undefined {
    const { clientAuth, clientAllowedSans } = tls;
    if (clientAuth === 'NoClientCert') return undefined;
    if (this.#certificate === undefined) {
      // Go's server fails, and so rejects the client, if names are demanded of a certificate that
      // is not there.
      const isNeeded = clientAuth.startsWith('Require') || clientAllowedSans !== undefined;
      return isNeeded ? 'no_certificate' : undefined;
    }
    if (verifiesClients(tls)) {
      if (this.#verdict !== undefined) return certificateRejection(this.#verdict);
      if (!trustsAll(tls, this.#verifiedBy)) return 'unknown_ca';
    }
    if (clientAllowedSans === undefined) return undefined;
    const names = subjectAltNames(this.#certificate.subjectAltName);
    return names.some((name) => clientAllowedSans.includes(name)) ? undefined : 'san_not_allowed';
  }

  #rejectionByTime(): ClientRefusal | undefined {
    if (this.#certificate === undefined) return undefined;
    const now = this.#now();
    this.#validity ??= this.#validityFrom(this.#certificate, now);
    const isValid = now >= this.#validity.from && now <= this.#validity.to;
    if (!isValid) return 'certificate_expired';
    return now > this.#goodUntil ? 'handshake_too_old' : undefined;
  }

  #validityFrom(certificate: X509Certificate, now: number): Validity {
    const whole = chainValidity(certificate, clientCas(this.#verifiedBy));
    if (whole === undefined) this.#goodUntil = now + MOST_UNSEEN;
    return whole ?? ownValidity(certificate);
  }
}

/**
 * Whether everything that was trusted still is. If it is, a path that OpenSSL verified before is
 * still good; if not, only a new handshake shows it.
 */
function trustsAll(now: TlsServerConfig, before: TlsServerConfig): boolean {
  if (now.clientCa === before.clientCa) return true;
  // The certificate authorities of Node are not compared with those of a file.
  if (now.clientCa === undefined || before.clientCa === undefined) return false;
  const { fingerprints } = clientCas(now);
  return [...clientCas(before).fingerprints].every((fingerprint) => fingerprints.has(fingerprint));
}

/** The certificates of a client CA file, read once for each configuration: it may have hundreds. */
const read = new WeakMap<TlsServerConfig, TrustedCertificates>();

function clientCas(tls: TlsServerConfig): TrustedCertificates {
  let trusted = read.get(tls);
  if (trusted === undefined) {
    trusted = trustedCertificates(tls.clientCa ?? '');
    read.set(tls, trusted);
  }
  return trusted;
}
