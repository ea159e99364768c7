const SURROGATE = /[\ud800-\udfff]/;

/**
 * Compares keys or names by the bytes of their UTF-8: negative if `a` comes before `b`.
 *
 * JavaScript compares UTF-16 units. That is the same order unless a surrogate meets a unit from
 * U+E000 on, so only a text that JavaScript puts first and that has a surrogate is looked at again.
 */
export function compareKeys(a: string, b: string): number {
  if (a < b) return SURROGATE.test(a) ? compareUnits(a, b) : -1;
  if (a === b) return 0;
  return SURROGATE.test(b) ? compareUnits(a, b) : 1;
}

function compareUnits(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = unitRank(a.charCodeAt(i)) - unitRank(b.charCodeAt(i));
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/**
 * The rank of a UTF-16 unit in the order of UTF-8 bytes, from 0 to 0xffff: surrogates stand for
 * what comes after U+FFFF.
 */
export function unitRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
