/**
 * The hash that decides which shard a series belongs to: FNV-1a over the UTF-8 bytes of the series
 * id, 32 bits wide, and then the finalizer of MurmurHash3 so that the remainder by any number is
 * even.
 *
 * It is a promise: a series stays on its shard from version to version and from process to process,
 * or every shard would end its series and begin others. So this never changes, and neither do
 * series ids.
 *
 * @param text - holds the id from `start` up to but without `end`.
 */
export function seriesHash(text: Uint8Array, start = 0, end: number = text.length): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
