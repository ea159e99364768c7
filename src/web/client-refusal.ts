import type { TLSSocket } from 'node:tls';
import { subjectAltNames } from './subject-alt-names.ts';
import type { TlsServerConfig } from './web-config.ts';

/**
 * Why a client is sent away after the handshake.
 *
 * - `no_certificate`: it showed none, and must.
 * - `not_verified`: its certificate is expired, or not signed by the client CA.
 * - `san_not_allowed`: none of the certificate's names is in `client_allowed_sans`.
 */
export type ClientRefusal = 'no_certificate' | 'not_verified' | 'san_not_allowed';

/** Whether a client may stay, by its certificate, as Go's server decides; undefined: it may. */
export function clientRefusal(
  tls: Pick<TlsServerConfig, 'clientAuth' | 'clientAllowedSans'>,
  socket: Pick<TLSSocket, 'authorized' | 'getPeerX509Certificate'>,
): ClientRefusal | undefined {
  const { clientAuth, clientAllowedSans } = tls;
  if (clientAuth === 'NoClientCert' || clientAuth === 'RequestClientCert') return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    return clientAuth === 'VerifyClientCertIfGiven' ? undefined : 'no_certificate';
  }
  if (clientAuth !== 'RequireAnyClientCert' && !socket.authorized) return 'not_verified';
  if (clientAllowedSans === undefined) return undefined;
  const names = subjectAltNames(certificate.subjectAltName);
  return names.some((name) => clientAllowedSans.includes(name)) ? undefined : 'san_not_allowed';
}
