import { X509Certificate } from 'node:crypto';

/** From when to when certificates are valid, both in ms since 1970. */
export interface Validity {
  readonly from: number;
  readonly to: number;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** OpenSSL verifies no longer chain by default. */
const MOST_SENT = 100;

/** The certificates in a PEM text. Throws if one of them cannot be read. */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  return (pem.match(CERTIFICATE) ?? []).map((text) => new X509Certificate(text));
}

/** Certificates that are trusted as they are. */
export interface TrustedCertificates {
  readonly certificates: readonly X509Certificate[];
  /** Their SHA-256. */
  readonly fingerprints: ReadonlySet<string>;
}

/** Reads the certificates of a client CA file. Throws if one of them cannot be read. */
export function trustedCertificates(pem: string): TrustedCertificates {
  const certificates = certificatesIn(pem);
  return { certificates, fingerprints: new Set(certificates.map((c) => c.fingerprint256)) };
}

/**
 * How long a certificate and those that vouch for it are valid: the path to a trusted certificate
 * that lasts the longest. Undefined if no path shows: Node 24 keeps the certificates between to
 * itself, and the certificate authorities of Node are not looked at.
 *
 * @param leaf - the client's certificate, which OpenSSL has verified.
 */
export function chainValidity(
  leaf: X509Certificate,
  { certificates, fingerprints }: TrustedCertificates,
): Validity | undefined {
  const issuers = [...sentChain(leaf), ...certificates];
  const found = new Map<string, Validity | undefined>();
  const ofPath = (certificate: X509Certificate): Validity | undefined => {
    const { fingerprint256 } = certificate;
    if (fingerprints.has(fingerprint256)) return ownValidity(certificate);
    if (found.has(fingerprint256)) return found.get(fingerprint256);
    // What is asked for again below itself is a loop, and no path.
    found.set(fingerprint256, undefined);
    const paths = issuers
      .filter((issuer) => isIssuedBy(certificate, issuer))
      .flatMap((issuer) => ofPath(issuer) ?? []);
    const longest = paths.sort((a, b) => b.to - a.to)[0];
    if (longest !== undefined) {
      found.set(fingerprint256, overlap(ownValidity(certificate), longest));
    }
    return found.get(fingerprint256);
  };
  return ofPath(leaf);
}

/** A client's certificate and the others that it sent, as far as each issued the one before. */
function sentChain(leaf: X509Certificate): readonly X509Certificate[] {
  const chain = [leaf];
  let next = leaf.issuerCertificate;
  while (next !== undefined && chain.length < MOST_SENT) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** From when to when one certificate is valid. */
export function ownValidity({ validFrom, validTo }: X509Certificate): Validity {
  return { from: Date.parse(validFrom), to: Date.parse(validTo) };
}

function overlap(a: Validity, b: Validity): Validity {
  return { from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) };
}
