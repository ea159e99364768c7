import { parseHeaderList } from './http-list.ts';

/** How a body may be coded for transfer. */
export type ContentCoding = 'gzip' | 'identity';

/**
 * Chooses the coding of a response from the `Accept-Encoding` header (RFC 9110, 12.5.3). Pure; never
 * fails: when everything is refused the body goes out as it is.
 *
 * gzip is chosen where it is named with a weight that is not less than that of `identity`. A wildcard
 * alone gets no gzip, as in Go's handler, unless `identity` is refused.
 */
export function chooseCoding(acceptEncoding: string | undefined): ContentCoding {
  const weights = new Map<string, number>();
  for (const { value, q } of parseHeaderList(acceptEncoding ?? '')) {
    const coding = value === 'x-gzip' ? 'gzip' : value;
    if (!weights.has(coding)) weights.set(coding, q);
  }
  const gzip = weights.get('gzip');
  const identity = weights.get('identity');
  if (gzip !== undefined) return gzip > 0 && gzip >= (identity ?? 0) ? 'gzip' : 'identity';
  const isIdentityRefused = identity === 0;
  return isIdentityRefused && (weights.get('*') ?? 0) > 0 ? 'gzip' : 'identity';
}
