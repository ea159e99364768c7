/**
 * Which label sets have been seen, by hashes of 64 bits: 16 to 32 bytes for a series, and no
 * object that the garbage collector would have to visit.
 *
 * Two different sets are taken for one with a chance of 1 to 37 million at a million series.
 */
export class SeriesSet {
  /** The hash of the last label set that was looked up. */
  low = 0;
  high = 0;
  #slots: Uint32Array = new Uint32Array(64);
  #count = 0;
  readonly #names: string[] = [];
  readonly #nameLows: number[] = [];
  readonly #nameHighs: number[] = [];

  /** Forgets all. */
  clear(): void {
    if (this.#count === 0) return;
    if (this.#slots.length > 4096) this.#slots = new Uint32Array(64);
    else this.#slots.fill(0);
    this.#count = 0;
  }

  /**
   * Hashes a label set, whatever the order of its names.
   *
   * @param dropped - the label that is left out.
   * @param seed - text that tells apart what is not the same in spite of its labels.
   */
  hash(labels: Readonly<Record<string, string>>, dropped: string, seed: string): void {
    let low = 0;
    let high = 0;
    mix(seed, 0x9e3779b9, 0x85ebca6b);
    low = mixedLow;
    high = mixedHigh;
    let at = 0;
    for (const name in labels) {
      if (name === dropped) continue;
      // Names are mostly those of the label set before.
      if (this.#names[at] !== name) {
        mix(name, 0x811c9dc5, 0xc2b2ae35);
        this.#names[at] = name;
        this.#nameLows[at] = mixedLow ^ 0x5bd1e995;
        this.#nameHighs[at] = mixedHigh;
      }
      mix(labels[name]!, this.#nameLows[at]!, this.#nameHighs[at]!);
      at++;
      // A sum does not depend on the order.
      low = (low + mixedLow) | 0;
      high = (high + mixedHigh) | 0;
    }
    this.low = low >>> 0;
    // A slot of zeros is an empty one.
    this.high = high >>> 0 || 1;
  }

  /** Whether the label set of the last hash is there; adds it. */
  add(): boolean {
    if (this.#count * 2 >= this.#slots.length / 2) this.#grow();
    const isThere = put(this.#slots, this.low, this.high);
    if (!isThere) this.#count++;
    return isThere;
  }

  #grow(): void {
    const before = this.#slots;
    const slots = new Uint32Array(before.length * 2);
    for (let i = 0; i < before.length; i += 2) {
      if (before[i + 1] !== 0) put(slots, before[i]!, before[i + 1]!);
    }
    this.#slots = slots;
  }
}

let mixedLow = 0;
let mixedHigh = 0;

function mix(text: string, low: number, high: number): void {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    low = Math.imul(low ^ c, 0x01000193);
    high = Math.imul(high + c, 0x27d4eb2f) ^ (high >>> 15);
  }
  low ^= text.length;
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b);
  low = Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 15), 0x2c1b3c6d);
  high = Math.imul(high ^ (high >>> 12), 0x297a2d39);
  mixedLow = low ^ (low >>> 16);
  mixedHigh = high ^ (high >>> 15);
}

function put(slots: Uint32Array, low: number, high: number): boolean {
  const mask = slots.length - 1;
  let at = (low * 2) & mask;
  while (slots[at + 1] !== 0) {
    if (slots[at] === low && slots[at + 1] === high) return true;
    at = (at + 2) & mask;
  }
  slots[at] = low;
  slots[at + 1] = high;
  return false;
}
