const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const OPEN = 0x7b;

/**
 * Finds the values of some labels in lines, without making anything of them.
 *
 * It reads ids as they are made (`model/series-id.ts`): labels in order of their names, values escaped.
 * After `read`, `starts` and `ends` hold where the value of each label stands; both are 0 for a label
 * that the line does not have. Not for concurrent use.
 */
export class LabelColumns {
  /** The names, in order and each once. */
  readonly names: readonly string[];
  /** Where each value starts, behind its quote. */
  readonly starts: Uint32Array;
  /** Where each value ends, at its quote. */
  readonly ends: Uint32Array;
  /** Where the value starts of the column that the known part of an id ends in; 0 if it does in none. */
  partial = 0;
  readonly #names: readonly Buffer[];

  constructor(names: Iterable<string>) {
    // Names of labels are ASCII, for which the order of strings is that of bytes.
    this.names = [...new Set(names)].sort();
    this.#names = this.names.map((name) => Buffer.from(name));
    this.starts = new Uint32Array(this.names.length);
    this.ends = new Uint32Array(this.names.length);
  }

  /** Reads the id that stands in a text from `start` up to but without `end`. */
  read(text: Buffer, start: number, end: number): void {
    this.readKnown(text, start, end, end);
  }

  /**
   * Reads an id of which only the part before `known` counts, since that is what other ids have in common
   * with it. Answers how many columns that settles: where they are, or that no such id has them.
   */
  readKnown(text: Buffer, start: number, end: number, known: number): number {
    const { starts, ends } = this;
    const count = this.names.length;
    starts.fill(0);
    ends.fill(0);
    this.partial = 0;
    let column = 0;
    let at = start;
    while (at < end && text[at] !== OPEN) at++;
    for (at++; at < end; at++) {
      const nameAt = at;
      while (at < end && text[at] !== EQUALS) at++;
      if (at >= known) return column;
      let order = 1;
      while (column < count) {
        order = compareBytes(this.#names[column]!, text, nameAt, at);
        if (order >= 0) break;
        column++;
      }
      if (column === count) return count;
      const valueAt = at + 2;
      at = valueEnd(text, valueAt, end);
      if (order === 0) {
        if (at >= known) {
          this.partial = valueAt;
          return column;
        }
        starts[column] = valueAt;
        ends[column] = at;
        column++;
      }
      if (text[++at] !== COMMA) break;
    }
    return known < end ? column : count;
  }
}

function compareBytes(name: Buffer, text: Buffer, start: number, end: number): number {
  const length = Math.min(name.length, end - start);
  for (let i = 0; i < length; i++) {
    const order = name[i]! - text[start + i]!;
    if (order !== 0) return order;
  }
  return name.length - (end - start);
}

/** Where the quote stands that closes a value. */
function valueEnd(text: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && text[at] !== QUOTE) at += text[at] === BACKSLASH ? 2 : 1;
  return at;
}
