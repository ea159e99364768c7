import { isUtf8 } from 'node:buffer';

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};
/** The most bytes of a body that an error repeats. */
const LONGEST = 1024;

/** Bytes, one in each character, as Go's `%q` writes them: clients may look for the text. */
export function goQuoted(bytes: string, quote: '"' | "'" = '"'): string {
  const cut = Buffer.from(bytes.slice(0, LONGEST), 'latin1');
  const text = isUtf8(cut) ? cut.toString('utf8') : cut.toString('latin1');
  let quoted = '';
  for (const character of text) quoted += escaped(character, quote, text.length === cut.length);
  return quote + quoted + quote;
}

/** A text as Go's `%q` writes it. */
export function goQuotedText(text: string): string {
  return goQuoted(Buffer.from(text).toString('latin1'));
}

/** A byte that was read as a character of its own, as Go's `%q` writes it. */
export function goQuotedByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (byte < 0x80) return goQuoted(character, "'");
  // Go shows neither control characters nor what looks like nothing.
  const isShown = byte > 0xa0 && byte !== 0xad;
  return `'${isShown ? character : `\\u00${byte.toString(16)}`}'`;
}

function escaped(character: string, quote: string, isBytes: boolean): string {
  if (character === quote) return `\\${quote}`;
  const known = ESCAPES[character];
  if (known !== undefined) return known;
  const code = character.codePointAt(0)!;
  if (code >= 0x20 && code < 0x7f) return character;
  if (code < 0x20 || code === 0x7f || (isBytes && code < 0x100)) {
    return `\\x${code.toString(16).padStart(2, '0')}`;
  }
  return character;
}
