/** Every reason for which a TLS client is rejected, in the order of the metric. */
export const CLIENT_REFUSALS = [
  'plain_http',
  'not_tls',
  'no_common_protocol',
  'no_certificate',
  'unknown_ca',
  'certificate_expired',
  'handshake_too_old',
  'bad_certificate',
  'san_not_allowed',
  'client_alert',
  'timeout',
  'closed',
  'other',
] as const;

/**
 * Why a client is rejected, during the TLS handshake or later.
 *
 * - `plain_http`, `not_tls`: it sent HTTP, or something else that is not TLS.
 * - `no_common_protocol`: client and server share no TLS version, cipher suite or curve.
 * - `no_certificate`: it sent no certificate, and must.
 * - `unknown_ca`: its certificate is not signed by a client CA, or not any more.
 * - `certificate_expired`: its certificate, or one that signed it, is not valid at this time.
 * - `handshake_too_old`: Node did not show every certificate that it verified, and an hour has
 *   passed. The client may connect again.
 * - `bad_certificate`: its certificate cannot be verified for another reason.
 * - `san_not_allowed`: none of the certificate's names is in `client_allowed_sans`.
 * - `client_alert`: the client ended the handshake, for instance since it does not trust the
 *   server.
 * - `timeout`, `closed`: the handshake took too long, or the client closed the connection.
 * - `other`: OpenSSL gave another reason.
 */
export type ClientRefusal = (typeof CLIENT_REFUSALS)[number];

const BY_OPENSSL: ReadonlyMap<string, ClientRefusal> = new Map([
  ['CERT_HAS_EXPIRED', 'certificate_expired'],
  ['CERT_NOT_YET_VALID', 'certificate_expired'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'unknown_ca'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unknown_ca'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unknown_ca'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'unknown_ca'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'unknown_ca'],
  ['CERT_UNTRUSTED', 'unknown_ca'],
]);

/**
 * What OpenSSL's verdict on a certificate means, with Go's choice of the TLS alerts as the model.
 */
export function certificateRejection(verdict: unknown): ClientRefusal {
  const code = verdict instanceof Error && 'code' in verdict ? verdict.code : verdict;
  return BY_OPENSSL.get(String(code)) ?? 'bad_certificate';
}
