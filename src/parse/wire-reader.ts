import { isUtf8 } from 'node:buffer';

/** That a message is malformed; the position is in the whole block of bytes. */
export class WireError extends Error {
  readonly at: number;
  readonly rule: 'protobuf' | 'limit';

  constructor(message: string, at: number, rule: 'protobuf' | 'limit' = 'protobuf') {
    super(message);
    this.at = at;
    this.rule = rule;
  }
}

/** How many messages there may still be that repeat inside others, as lines do in text. */
export class MessageBudget {
  left: number;
  readonly #most: number;

  constructor(most: number) {
    this.left = this.#most = most;
  }

  /** Takes one of them; throws if there is none. */
  take(at: number): void {
    if (--this.left < 0) throw new WireError(`maxLines is ${this.#most}`, at, 'limit');
  }
}

/** Wire types of protobuf. */
export const VARINT = 0;
export const FIXED64 = 1;
const BYTES = 2;
const GROUP = 3;
const GROUP_END = 4;
const FIXED32 = 5;
/** How deep groups may be nested, which no message of ours has. */
const DEEPEST = 100;

/** Reads fields of one protobuf message. */
export class WireReader {
  at: number;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #budget: MessageBudget;
  #end: number;
  /** The number and the wire type of the last field. */
  field = 0;
  type = 0;
  /** The upper half of the last varint. */
  #high = 0;

  constructor(
    bytes: Buffer,
    start: number,
    end: number,
    budget: MessageBudget = new MessageBudget(Infinity),
  ) {
    this.#budget = budget;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.#end = end;
  }

  /** Reads the tag of the next field; false at the end of the message. */
  next(): boolean {
    if (this.at >= this.#end) return false;
    const tag = this.#low();
    this.type = tag & 7;
    this.field = (this.#high * 2 ** 29 + (tag >>> 3)) | 0;
    if (this.type === GROUP_END) throw this.#error('a group ends that has not begun');
    if (this.field <= 0) throw this.#error('a field has no number');
    return true;
  }

  /** Reads a message inside the field by a function that has this reader. */
  message(read: () => void): void {
    const end = this.#length();
    const outer = this.#end;
    this.#end = end;
    read();
    this.#end = outer;
    this.at = end;
  }

  /** Reads one of many messages inside the field, which the budget counts. */
  element(read: () => void): void {
    this.#budget.take(this.at);
    this.message(read);
  }

  /** Reads the length of a field and returns where it ends. */
  bounds(): readonly [number, number] {
    const end = this.#length();
    const start = this.at;
    this.at = end;
    return [start, end];
  }

  /** Whether a text that was read is not valid UTF-8. */
  isMalformed = false;

  /** Reads a text; what is not UTF-8 in it is replaced and noted. */
  text(): string {
    const [start, end] = this.bounds();
    const text = this.#bytes.toString('utf8', start, end);
    if (text.includes('\ufffd') && !isUtf8(this.#bytes.subarray(start, end)))
      this.isMalformed = true;
    return text;
  }

  double(): number {
    this.expect(FIXED64);
    if (this.at + 8 > this.#end) throw this.#error('a number is cut');
    const value = this.#view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  /** A whole number without sign; above 2^53 it is rounded. */
  unsigned(): number {
    this.expect(VARINT);
    const low = this.#low();
    return this.#high * 2 ** 32 + low;
  }

  /** A whole number in two's complement. */
  signed(): number {
    this.expect(VARINT);
    const low = this.#low();
    return (this.#high | 0) * 2 ** 32 + low;
  }

  /** A whole number in zigzag. */
  zigzag(): number {
    this.expect(VARINT);
    const low = this.#low();
    const half = (this.#high >>> 1) * 2 ** 32 + (((low >>> 1) | ((this.#high & 1) << 31)) >>> 0);
    return (low & 1) === 1 ? -half - 1 : half;
  }

  /** Reads a field that is repeated: packed in one, or one of many. */
  repeated(packed: number, read: () => void): void {
    if (this.type !== BYTES) {
      this.expect(packed);
      read();
      return;
    }
    const outer = this.type;
    this.message(() => {
      this.type = packed;
      while (this.at < this.#end) read();
    });
    this.type = outer;
  }

  /** Throws unless the field has a wire type. */
  expect(type: number): void {
    if (this.type !== type) throw this.#error(`field ${this.field} has wire type ${this.type}`);
  }

  /** Passes over a field that is not known. */
  skip(depth: number = 0): void {
    if (this.type === VARINT) this.#low();
    else if (this.type === FIXED64) this.#move(8);
    else if (this.type === FIXED32) this.#move(4);
    else if (this.type === BYTES) this.bounds();
    else if (this.type === GROUP && depth < DEEPEST) {
      for (;;) {
        const tag = this.#low();
        this.type = tag & 7;
        if (this.type === GROUP_END) return;
        this.skip(depth + 1);
      }
    } else throw this.#error(`wire type ${this.type} is unknown`);
  }

  #move(bytes: number): void {
    if (this.at + bytes > this.#end) throw this.#error('a field is cut');
    this.at += bytes;
  }

  #length(): number {
    this.expect(BYTES);
    const length = this.unsignedLength();
    const end = this.at + length;
    if (end > this.#end) throw this.#error('a field is longer than its message');
    return end;
  }

  unsignedLength(): number {
    const low = this.#low();
    return this.#high * 2 ** 32 + low;
  }

  /** Reads a varint: returns its lower half, without sign, and leaves the upper half in `#high`. */
  #low(): number {
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.#end) throw this.#error('a number is cut');
      const byte = bytes[this.at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#high = high >>> 0;
        return low >>> 0;
      }
    }
    throw this.#error('a number is longer than ten bytes');
  }

  #error(message: string): WireError {
    return new WireError(message, this.at);
  }
}
