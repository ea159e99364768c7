// The symbols of deflate (RFC 1951, 3.2.5): a length or a distance is a symbol and some extra bits.

/** The symbol that ends a block. */
export const END_OF_BLOCK = 256;

/** How many symbols there are for literals, the end of a block, and lengths. */
export const LITERAL_SYMBOLS = 286;

/** How many symbols there are for distances. */
export const DISTANCE_SYMBOLS = 30;

/** The longest match. */
export const LONGEST_MATCH = 258;

/** How far back a match may lie. */
export const WINDOW = 32_768;

/** The symbol of a match's length, from 3 to 258. */
export function lengthSymbol(length: number): number {
  if (length === LONGEST_MATCH) return 285;
  const rest = length - 3;
  const extra = lengthExtraBits(length);
  return 257 + extra * 4 + (rest >>> extra);
}

/** How many bits follow the symbol of a length. */
export function lengthExtraBits(length: number): number {
  const rest = length - 3;
  return length === LONGEST_MATCH || rest < 8 ? 0 : 29 - Math.clz32(rest);
}

/** What the bits behind the symbol of a length say. */
export function lengthExtra(length: number): number {
  return (length - 3) & ((1 << lengthExtraBits(length)) - 1);
}

/** The symbol of a distance, from 1 to 32 768. */
export function distanceSymbol(distance: number): number {
  const rest = distance - 1;
  if (rest < 4) return rest;
  const extra = 30 - Math.clz32(rest);
  return extra * 2 + (rest >>> extra);
}

/** How many bits follow the symbol of a distance; they are the lowest of the distance less one. */
export function distanceExtraBits(symbol: number): number {
  return symbol < 4 ? 0 : (symbol >>> 1) - 1;
}
