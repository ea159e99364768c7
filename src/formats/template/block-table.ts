import { codeLengths, codesOf } from './huffman.ts';
import {
  DISTANCE_SYMBOLS,
  distanceSymbol,
  END_OF_BLOCK,
  LITERAL_SYMBOLS,
  LONGEST_MATCH,
  lengthExtra,
  lengthExtraBits,
  lengthSymbol,
} from './symbols.ts';

/** How many bits an entry of a table has for the number of its bits. */
export const COUNT_BITS = 5;

/** An entry of a symbol that has no code. Entries with one are positive. */
const MISSING = 1 << 31;

/** The longest code of a literal or a length: with its extra bits it is 17 bits then. */
const LITERAL_LIMIT = 12;

/** The longest code of a distance. */
const DISTANCE_LIMIT = 15;

/** In which order the lengths of the code for code lengths are sent (RFC 1951, 3.2.7). */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** How often the symbols of a block occur. */
export class SymbolCounts {
  readonly literals: Float64Array = new Float64Array(LITERAL_SYMBOLS);
  readonly distances: Float64Array = new Float64Array(DISTANCE_SYMBOLS);

  constructor() {
    this.literals[END_OF_BLOCK] = 1;
    // Values change, and with them how far back the line before begins: no distance is impossible.
    this.distances.fill(0.01);
  }

  addMatch(length: number, distance: number): void {
    this.literals[lengthSymbol(length)]!++;
    this.distances[distanceSymbol(distance)]!++;
  }

  /**
   * How many bits all symbols take at least, without extra bits: their entropy. Infinity if one has
   * no code in `table`.
   *
   * @param table - counts what the symbols take in the codes of a table instead.
   */
  bits(table?: BlockTable): number {
    const { literals, distances } = this;
    return bitsOf(literals, table?.literalLengths) + bitsOf(distances, table?.distanceLengths);
  }
}

function bitsOf(counts: Float64Array, lengths: Uint8Array | undefined): number {
  const sum = counts.reduce((a, b) => a + b, 0);
  let bits = 0;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    const count = counts[symbol]!;
    if (count === 0) continue;
    bits += count * (lengths === undefined ? Math.log2(sum / count) : lengths[symbol] || Infinity);
  }
  return bits;
}

/**
 * The codes of a block with a table of its own (RFC 1951, 3.2.7), ready to be written: each entry
 * is some bits, and in its lowest five how many they are. About 2.5 KiB.
 */
export class BlockTable {
  /** By byte; negative for a byte that has no code. */
  readonly literals: Int32Array = new Int32Array(256);
  /** By length: symbol and extra bits, at most 17 bits. */
  readonly lengths: Int32Array = new Int32Array(LONGEST_MATCH + 1);
  /** By symbol: at most 15 bits, without the extra bits. */
  readonly distances: Int32Array = new Int32Array(DISTANCE_SYMBOLS);
  /** The entry of the end of a block. */
  readonly end: number;
  /** How a block begins, up to its first symbol. */
  readonly head: BitText;
  /** How many bits each symbol has. */
  readonly literalLengths: Uint8Array;
  readonly distanceLengths: Uint8Array;

  constructor({ literals, distances }: SymbolCounts) {
    this.literalLengths = codeLengths(literals, LITERAL_LIMIT);
    this.distanceLengths = codeLengths(distances, DISTANCE_LIMIT);
    this.head = blockHead(this.literalLengths, this.distanceLengths);
    const codes = codesOf(this.literalLengths);
    const entry = (symbol: number): number => entryOf(codes[symbol]!, this.literalLengths[symbol]!);
    for (let byte = 0; byte < 256; byte++) this.literals[byte] = entry(byte);
    for (let length = 3; length <= LONGEST_MATCH; length++) {
      const symbol = lengthSymbol(length);
      const bits = this.literalLengths[symbol]!;
      const code = codes[symbol]! | (lengthExtra(length) << bits);
      this.lengths[length] = bits === 0 ? MISSING : entryOf(code, bits + lengthExtraBits(length));
    }
    this.end = entry(END_OF_BLOCK);
    const distanceCodes = codesOf(this.distanceLengths);
    for (let symbol = 0; symbol < DISTANCE_SYMBOLS; symbol++) {
      this.distances[symbol] = entryOf(distanceCodes[symbol]!, this.distanceLengths[symbol]!);
    }
  }
}

function entryOf(code: number, bits: number): number {
  return bits === 0 ? MISSING : (code << COUNT_BITS) | bits;
}

/** Bits that are written once and copied often. */
export class BitText {
  /** Those that fill a byte. */
  readonly bytes: number[] = [];
  /** The rest, fewer than eight. */
  rest = 0;
  restBits = 0;

  put(code: number, bits: number): void {
    this.rest |= code << this.restBits;
    this.restBits += bits;
    while (this.restBits >= 8) {
      this.bytes.push(this.rest & 0xff);
      this.rest >>>= 8;
      this.restBits -= 8;
    }
  }
}

/** The head of a block that is not the last: its kind, and its code lengths, run by run. */
function blockHead(literals: Uint8Array, distances: Uint8Array): BitText {
  const runs = [...runsOf([...literals, ...distances])];
  const counts = new Float64Array(ORDER.length);
  for (const { symbol } of runs) counts[symbol]!++;
  const lengths = codeLengths(counts, 7);
  const codes = codesOf(lengths);
  const head = new BitText();
  head.put(0b100, 3);
  head.put(LITERAL_SYMBOLS - 257, 5);
  head.put(DISTANCE_SYMBOLS - 1, 5);
  head.put(ORDER.length - 4, 4);
  for (const symbol of ORDER) head.put(lengths[symbol]!, 3);
  for (const { symbol, extra, extraBits } of runs) {
    head.put(codes[symbol]!, lengths[symbol]!);
    head.put(extra, extraBits);
  }
  return head;
}

/** Code lengths as symbols: 16 repeats the one before 3 to 6 times, 17 and 18 are zeros. */
function* runsOf(
  lengths: readonly number[],
): Generator<{ readonly symbol: number; readonly extra: number; readonly extraBits: number }> {
  for (let at = 0; at < lengths.length; ) {
    const length = lengths[at]!;
    let end = at + 1;
    while (lengths[end] === length) end++;
    if (length !== 0) {
      yield { symbol: length, extra: 0, extraBits: 0 };
      at++;
    }
    while (at < end) {
      const run = Math.min(end - at, length === 0 ? 138 : 6);
      if (run < 3) yield { symbol: length, extra: 0, extraBits: 0 };
      else if (length !== 0) yield { symbol: 16, extra: run - 3, extraBits: 2 };
      else if (run < 11) yield { symbol: 17, extra: run - 3, extraBits: 3 };
      else yield { symbol: 18, extra: run - 11, extraBits: 7 };
      at += run < 3 ? 1 : run;
    }
  }
}
