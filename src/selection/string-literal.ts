import { isUtf8 } from 'node:buffer';
import { selectorError } from './selector.ts';

/** A string of a selector, and where it ends. */
export interface StringLiteral {
  /** What the string stands for. */
  readonly value: string;
  /** The place behind the closing quote. */
  readonly end: number;
}

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
]);

/**
 * Escapes that are numbers: what must follow, and whether a byte is meant rather than a character.
 */
const NUMBER_ESCAPES = [
  { form: /x([0-9a-fA-F]{2})/y, base: 16, isByte: true, expected: 'two hexadecimal digits' },
  { form: /u([0-9a-fA-F]{4})/y, base: 16, isByte: false, expected: 'four hexadecimal digits' },
  { form: /U([0-9a-fA-F]{8})/y, base: 16, isByte: false, expected: 'eight hexadecimal digits' },
  { form: /([0-7]{3})/y, base: 8, isByte: true, expected: 'three octal digits' },
] as const;

/**
 * Where a run of plain characters ends: at a quote, an escape, a line end or what is no character.
 */
const SPECIAL = /["'\\\n\ud800-\udfff\ufffd]/g;

/** Stands for a byte that an escape names, until it is known whether the bytes are UTF-8. */
const BYTE = 0xdc00;

/**
 * Reads a string of PromQL: in double or single quotes with Go's escapes, or raw in backticks
 * (Prometheus, `promql/parser/lex.go` and `util/strutil/quote.go`).
 *
 * @param at - where the opening quote stands.
 */
export function readStringLiteral(text: string, at: number): StringLiteral {
  const quote = text[at]!;
  if (quote === '`') return readRaw(text, at);
  let value = '';
  let hasBytes = false;
  for (let i = at + 1; ; ) {
    SPECIAL.lastIndex = i;
    const found = SPECIAL.exec(text);
    if (found === null) throw selectorError(text, text.length, `a closing ${quote}`);
    value += text.slice(i, found.index);
    i = found.index;
    const c = found[0];
    if (c === quote) return { value: hasBytes ? fromBytes(value) : value, end: i + 1 };
    if (c === '\\') {
      const escaped = readEscape(text, i, quote);
      hasBytes ||= escaped.isByte;
      value += escaped.value;
      i = escaped.end;
    } else if (c === '\n') {
      throw selectorError(text, i, `a closing ${quote} before the line ends`);
    } else {
      i = characterEnd(text, i);
      value += text.slice(found.index, i);
    }
  }
}

function readRaw(text: string, at: number): StringLiteral {
  const end = text.indexOf('`', at + 1);
  if (end < 0) throw selectorError(text, text.length, 'a closing `');
  SPECIAL.lastIndex = at + 1;
  for (let found = SPECIAL.exec(text); found !== null && found.index < end; ) {
    SPECIAL.lastIndex = characterEnd(text, found.index);
    found = SPECIAL.exec(text);
  }
  return { value: text.slice(at + 1, end), end: end + 1 };
}

/** The place behind a character; throws if the text stands for no character, as Prometheus does. */
function characterEnd(text: string, at: number): number {
  const point = text.codePointAt(at)!;
  // U+FFFD is what bytes become that are not UTF-8; a caller that means it can write "\ufffd".
  if ((point >= 0xd800 && point <= 0xdfff) || point === 0xfffd) {
    throw selectorError(text, at, 'well-formed Unicode');
  }
  return at + (point > 0xffff ? 2 : 1);
}

function readEscape(
  text: string,
  at: number,
  quote: string,
): StringLiteral & { readonly isByte: boolean } {
  const c = text[at + 1] ?? '';
  const simple = c === quote ? quote : SIMPLE_ESCAPES.get(c);
  if (simple !== undefined) return { value: simple, end: at + 2, isByte: false };
  const kind = NUMBER_ESCAPES['xuU'.includes(c) && c !== '' ? 'xuU'.indexOf(c) : 3]!;
  if (kind.base === 8 && !/[0-7]/.test(c)) {
    throw selectorError(text, at, `an escape such as \\\\, \\n, \\${quote} or \\u00e4`);
  }
  kind.form.lastIndex = at + 1;
  const digits = kind.form.exec(text)?.[1];
  if (digits === undefined) throw selectorError(text, at, `${kind.expected} in the escape`);
  const number = Number.parseInt(digits, kind.base);
  const end = kind.form.lastIndex;
  if (kind.isByte) {
    if (number > 0xff) throw selectorError(text, at, 'an octal escape up to \\377');
    // Below 0x80 a byte is its character.
    const code = number < 0x80 ? number : BYTE + number;
    return { value: String.fromCharCode(code), end, isByte: number >= 0x80 };
  }
  if (number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff)) {
    throw selectorError(text, at, 'the escape of a Unicode character');
  }
  return { value: String.fromCodePoint(number), end, isByte: false };
}

/** Puts characters together that were written byte by byte. */
function fromBytes(value: string): string {
  const parts: Buffer[] = [];
  for (const c of value) {
    const code = c.charCodeAt(0);
    const isByte = c.length === 1 && code >= BYTE && code <= BYTE + 0xff;
    parts.push(isByte ? Buffer.of(code - BYTE) : Buffer.from(c));
  }
  const bytes = Buffer.concat(parts);
  return isUtf8(bytes) ? bytes.toString() : value;
}
