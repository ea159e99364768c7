/**
 * Parts of Protocol Buffers messages, as strings with a character for each byte. Fields are written
 * in the order of their numbers; a field with the value 0 is written too.
 */

/** A text in UTF-8, with a character for each byte. */
export function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** An unsigned number, or one of 64 bits in two's complement, in seven bits a byte. */
export function varint(value: number): string {
  if (value >= 0 && value < 0x80) return String.fromCharCode(value);
  if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) return longVarint(BigInt(value));
  let text = '';
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
    text += String.fromCharCode((rest % 0x80) + 0x80);
  }
  return text + String.fromCharCode(rest);
}

function longVarint(value: bigint): string {
  let text = '';
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) text += String.fromCharCode(Number(rest & 0x7fn) + 0x80);
  return text + String.fromCharCode(Number(rest));
}

const VARINT = 0;
const EIGHT_BYTES = 1;
const WITH_LENGTH = 2;

/** A field that is an unsigned number, or one of 64 bits. */
export function integerField(field: number, value: number): string {
  return varint(field * 8 + VARINT) + varint(value);
}

/** A field that is a signed number in zigzag. */
export function zigzagField(field: number, value: number): string {
  if (Math.abs(value) < Number.MAX_SAFE_INTEGER / 2) {
    return integerField(field, value < 0 ? -2 * value - 1 : 2 * value);
  }
  const long = BigInt(value);
  return varint(field * 8 + VARINT) + longVarint(long < 0n ? -2n * long - 1n : 2n * long);
}

const double = new DataView(new ArrayBuffer(8));

/** A field that is a double. */
export function doubleField(field: number, value: number): string {
  double.setFloat64(0, value, true);
  return (
    varint(field * 8 + EIGHT_BYTES) +
    String.fromCharCode(
      double.getUint8(0),
      double.getUint8(1),
      double.getUint8(2),
      double.getUint8(3),
      double.getUint8(4),
      double.getUint8(5),
      double.getUint8(6),
      double.getUint8(7),
    )
  );
}

/** A field that is a text or a message; its bytes are given as characters. */
export function bytesField(field: number, bytes: string): string {
  return varint(field * 8 + WITH_LENGTH) + varint(bytes.length) + bytes;
}

/** A field that is a `google.protobuf.Timestamp`, of milliseconds. */
export function timeField(field: number, milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const nanos = (milliseconds - seconds * 1000) * 1_000_000;
  const text =
    (seconds === 0 ? '' : integerField(1, seconds)) + (nanos === 0 ? '' : integerField(2, nanos));
  return bytesField(field, text);
}
