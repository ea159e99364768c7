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

/** A character in UTF-8, or a byte that is none. */
const CHARACTERS = new RegExp(
  [
    String.raw`[^\x80-\xff]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]`,
    String.raw`[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]`,
    String.raw`\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}`,
    String.raw`\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]`,
  ].join('|'),
  'g',
);
const SHOWN = /^[ \p{L}\p{M}\p{N}\p{P}\p{S}]$/u;

/** Bytes, one in each character, as Go's `%q` writes them: clients may look for the text. */
export function goQuoted(bytes: string, quote: '"' | "'" = '"'): string {
  let quoted = '';
  for (const [character] of bytes.slice(0, LONGEST).matchAll(CHARACTERS)) {
    quoted += escaped(character, quote);
  }
  return quote + quoted + quote;
}

/** A text as Go's `%q` writes it. */
export function goQuotedText(text: string): string {
  return goQuoted(Buffer.from(text).toString('latin1'));
}

/** A byte that was read as a character of its own, as Go's `%q` writes it. */
export function goQuotedByte(byte: number): string {
  return goQuoted(Buffer.from(String.fromCharCode(byte)).toString('latin1'), "'");
}

function escaped(bytes: string, quote: string): string {
  if (bytes === quote) return `\\${quote}`;
  const known = ESCAPES[bytes];
  if (known !== undefined) return known;
  const code = bytes.charCodeAt(0);
  if (bytes.length === 1 && (code < 0x20 || code >= 0x7f)) return `\\x${hex(code, 2)}`;
  const character = Buffer.from(bytes, 'latin1').toString();
  if (SHOWN.test(character)) return character;
  const point = character.codePointAt(0)!;
  return point > 0xffff ? `\\U${hex(point, 8)}` : `\\u${hex(point, 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
