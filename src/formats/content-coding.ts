import { parseHeaderList } from './http-list.ts';

/** How a body may be coded for transfer. */
export type ContentCoding = (typeof CONTENT_CODINGS)[number];

/** Every {@link ContentCoding}. */
export const CONTENT_CODINGS = ['zstd', 'gzip', 'identity'] as const;

/**
 * Chooses the coding of a response from the `Accept-Encoding` header (RFC 9110, 12.5.3). Pure;
 * never fails: when everything is refused the body goes out as it is.
 *
 * As in Go's handler the offers are tried in order and a strictly higher weight wins, so that at a
 * tie the first offer does. A wildcard alone gets `identity`, unless that is refused.
 *
 * @param offered - in order of preference; `identity` is the last one where it is not named.
 */
export function chooseCoding(
  acceptEncoding: string | undefined,
  offered: readonly ContentCoding[] = ['gzip'],
): ContentCoding {
  const weights = new Map<string, number>();
  for (const { value, q } of parseHeaderList(acceptEncoding ?? '')) {
    const coding = value === 'x-gzip' ? 'gzip' : value;
    if (!weights.has(coding)) weights.set(coding, q);
  }
  let chosen: ContentCoding | undefined;
  let best = 0;
  for (const coding of [...offered, 'identity'] as const) {
    const q = weights.get(coding) ?? 0;
    if (q > best) {
      best = q;
      chosen = coding;
    }
  }
  if (chosen !== undefined) return chosen;
  const isIdentityRefused = weights.get('identity') === 0;
  if (!isIdentityRefused || !((weights.get('*') ?? 0) > 0)) return 'identity';
  return offered.find((coding) => !weights.has(coding)) ?? 'identity';
}
