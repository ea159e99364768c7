// CRC-32 as gzip uses it (RFC 1952, 8): reflected, polynomial 0xEDB88320.
const POLYNOMIAL = 0xedb88320;

/** Multiplies two polynomials over GF(2) modulo the CRC polynomial; bit 31 is the power 0. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor;
    factor = (factor & 1) !== 0 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1;
  }
  return product >>> 0;
}

// x to the power of 2, 4, 8 …: the 32nd of them would be the first again.
const SQUARES: readonly number[] = powersOfTwo();

function powersOfTwo(): number[] {
  const powers = [0x40000000];
  while (powers.length < 32) powers.push(multiply(powers.at(-1)!, powers.at(-1)!));
  return powers;
}

/** x to the power of eight times a number of bytes. */
function shiftOf(bytes: number): number {
  let power = 0x80000000;
  // 2 ** 3 bits are a byte, so the lowest bit of the length takes the fourth power.
  let bit = 3;
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiply(SQUARES[bit % 32]!, power);
    bit++;
  }
  return power;
}

/**
 * The CRC-32 of two pieces of data one after the other, from their own: the first one's is shifted
 * over the length of the second one. About a microsecond, so a page of chunks needs none of its
 * bytes read.
 *
 * @param secondBytes - how long the second piece is.
 */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  return (multiply(shiftOf(secondBytes), first) ^ second) >>> 0;
}
