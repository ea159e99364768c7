import { SnapscrapeError } from '../model/errors.ts';
import { isPlainArray } from '../model/plain-array.ts';
import type { Pace } from '../scheduling/pace.ts';

/**
 * How many items of an iterable are taken between two looks at the clock: few, as an item may be
 * long.
 */
const STRIDE = 8;

/**
 * Iterates over what a source returned, in slices, whatever kind of iterable it is.
 *
 * Throws `invalid_source_reply` for what cannot be iterated, and whatever the iterator throws: a
 * reply that breaks off is not used.
 *
 * @param what - what was asked, for the error's message.
 */
export async function forEachItem(
  what: string,
  reply: unknown,
  pace: Pace,
  take: (item: unknown) => void,
): Promise<void> {
  let taken = 0;
  if (isAsyncIterable(reply)) {
    for await (const item of reply) {
      // Each item may have been long in coming; one that no caller waits for any more ends the
      // reading.
      pace.throwIfAborted();
      take(item);
      if (++taken % STRIDE === 0 && pace.shouldYield()) await pace.yieldAfterWait();
    }
  } else if (isPlainArray(reply)) {
    // By index, which makes no object for each item. It may grow meanwhile, as when iterated.
    for (let at = 0; at < reply.length; at++) {
      take(reply[at]);
      if (++taken % STRIDE === 0 && pace.shouldYield()) await pace.yield();
    }
  } else if (isIterable(reply)) {
    for (const item of reply) {
      take(item);
      if (++taken % STRIDE === 0 && pace.shouldYield()) await pace.yield();
    }
  } else {
    throw new SnapscrapeError(
      'invalid_source_reply',
      `The source's ${what} is ${describe(reply)}; answer with an array, an iterable or an async iterable`,
    );
  }
  pace.throwIfAborted();
}

const LONGEST_CURSOR = 1_048_576;

/** Checks that a cursor of a source is a string, and short enough to be compared in no time. */
export function checkCursor(what: string, cursor: unknown): string {
  if (typeof cursor === 'string' && cursor.length <= LONGEST_CURSOR) return cursor;
  throw new SnapscrapeError(
    'invalid_source_reply',
    `The source's ${what} is ${typeof cursor === 'string' ? 'too long' : describe(cursor)}; a cursor is a string of up to 1 048 576 characters`,
  );
}

/**
 * Tells whether a cursor certainly lies before another one. Cursors are opaque; where both end in
 * digits after the same prefix, the digits are compared as a number of any length.
 */
export function isBackwards(next: string, before: string): boolean {
  const [nextPrefix, nextDigits] = splitCursor(next);
  const [prefix, digits] = splitCursor(before);
  if (nextPrefix !== prefix || nextDigits === '' || digits === '') return false;
  if (nextDigits.length !== digits.length) return nextDigits.length < digits.length;
  return nextDigits < digits;
}

function splitCursor(cursor: string): readonly [prefix: string, digits: string] {
  let start = cursor.length;
  while (start > 0 && isDigit(cursor.charCodeAt(start - 1))) start--;
  const prefix = cursor.slice(0, start);
  return [prefix, cursor.slice(start).replace(/^0+(?=\d)/, '')];
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

function describe(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
