/** A symbol of a Huffman tree that is being built, or two joined. */
interface Node {
  readonly weight: number;
  /** A symbol has none. */
  readonly pair?: readonly [Node, Node];
  readonly symbol: number;
}

/**
 * How many bits each symbol gets in the Huffman code for some frequencies; 0 for a symbol that does
 * not occur. At least two must occur.
 *
 * @param limit - the most bits; two to the power of it must be far more than there are symbols.
 */
export function codeLengths(frequencies: ArrayLike<number>, limit: number): Uint8Array {
  const leaves: Node[] = [];
  for (let symbol = 0; symbol < frequencies.length; symbol++) {
    const weight = frequencies[symbol]!;
    if (weight > 0) leaves.push({ weight, symbol });
  }
  leaves.sort((a, b) => a.weight - b.weight);
  const lengths = new Uint8Array(frequencies.length);
  // Frequencies that are more alike make a flatter tree: a shade longer, but within the limit.
  for (let floor = leaves.at(-1)!.weight / 2 ** limit; ; floor *= 2) {
    const raised = leaves.map((leaf) => (leaf.weight < floor ? { ...leaf, weight: floor } : leaf));
    if (setDepths(treeOf(raised), lengths) <= limit) return lengths;
  }
}

/** Joins the two lightest again and again, of nodes in the order of their weights. */
function treeOf(leaves: readonly Node[]): Node {
  const joined: Node[] = [];
  let nextLeaf = 0;
  let nextJoined = 0;
  const lightest = (): Node => {
    const leaf = leaves[nextLeaf];
    const other = joined[nextJoined];
    if (other === undefined || (leaf !== undefined && leaf.weight <= other.weight)) {
      nextLeaf++;
      return leaf!;
    }
    nextJoined++;
    return other;
  };
  while (joined.length < leaves.length - 1) {
    const pair = [lightest(), lightest()] as const;
    joined.push({ weight: pair[0].weight + pair[1].weight, pair, symbol: -1 });
  }
  return joined.at(-1)!;
}

/** Notes how deep each symbol is; returns the depth of the deepest. */
function setDepths({ pair, symbol }: Node, depths: Uint8Array, depth = 0): number {
  if (pair === undefined) {
    depths[symbol] = depth;
    return depth;
  }
  return Math.max(setDepths(pair[0], depths, depth + 1), setDepths(pair[1], depths, depth + 1));
}

/** The codes of lengths (RFC 1951, 3.2.2), each with its first bit lowest, as they are sent. */
export function codesOf(lengths: Uint8Array): Uint16Array {
  const codes = new Uint16Array(lengths.length);
  let code = 0;
  for (let bits = 1; bits <= 15; bits++) {
    code <<= 1;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] === bits) codes[symbol] = reversed(code++, bits);
    }
  }
  return codes;
}

function reversed(code: number, bits: number): number {
  let result = 0;
  for (let bit = 0; bit < bits; bit++) result |= ((code >>> bit) & 1) << (bits - 1 - bit);
  return result;
}
