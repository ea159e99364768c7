import type { RejectionStatus } from './scrape-exchange.ts';

/** The longest query that is looked at, in characters. */
const LONGEST_QUERY = 65_536;

const ESCAPE = /%(?![0-9a-fA-F]{2})/;

/**
 * The status that rejects a query before it is parsed; undefined if it can be decoded. Like
 * client_java, the handler rejects the whole query: a filter that is read wrongly serves the wrong
 * series.
 */
export function queryRejection(query: string): RejectionStatus | undefined {
  if (query.length > LONGEST_QUERY) return 414;
  if (!query.includes('%')) return undefined;
  if (ESCAPE.test(query)) return 400;
  try {
    decodeURIComponent(query);
    return undefined;
  } catch {
    return 400; // The bytes are not UTF-8.
  }
}

/** The longest text that a client gets about its selector, in UTF-16 code units. */
const LONGEST_TEXT = 400;

// Control characters, line ends, and what turns the direction of a text on a terminal.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text that quotes what a client sent, fit to be sent back: short, in one line, with nothing
 * hidden.
 */
export function echoed(text: string): string {
  // A character that is cut in two becomes an escape as well.
  return text
    .slice(0, LONGEST_TEXT)
    .replace(UNSAFE, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}
