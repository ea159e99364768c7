import { SnapscrapeError } from '../../model/errors.ts';

// Every reply is checked where it is read: the other end may be no Redis, or a broken proxy.

/** A list that the server returned; of so many items, if that is given. */
export function listOf(reply: unknown, length?: number): readonly unknown[] {
  if (!Array.isArray(reply)) throw unexpectedReply();
  if (length !== undefined && reply.length !== length) throw unexpectedReply();
  return reply;
}

/** A list of texts; what is missing is undefined. */
export function optionalTextsOf(reply: unknown, length?: number): readonly (string | undefined)[] {
  return listOf(reply, length).map((item) => (item === null ? undefined : textOf(item)));
}

/** A list of texts. */
export function textsOf(reply: unknown, length?: number): readonly string[] {
  return listOf(reply, length).map(textOf);
}

/** A list of texts, two for each thing. */
export function pairsOf(reply: unknown): readonly string[] {
  const texts = textsOf(reply);
  if (texts.length % 2 !== 0) throw unexpectedReply();
  return texts;
}

/** A text that the server returned. */
export function textOf(reply: unknown): string {
  if (typeof reply === 'string') return reply;
  throw unexpectedReply();
}

/** A count that the server returned, as a number or a text: an integer from 0 on. */
export function countOf(reply: unknown): number {
  const count = typeof reply === 'string' && /^\d{1,16}$/.test(reply) ? Number(reply) : reply;
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
  throw unexpectedReply();
}

/** The error for a command that a script may not use. */
export function forbiddenError(method: string, command: string): SnapscrapeError {
  return new SnapscrapeError(
    'store_forbidden',
    `RedisStore could not carry out ${method}(): the user may not use ${command}, or the server has it under ` +
      'another name, so nothing was written; docs/stores.md lists the rights that are needed',
  );
}

/** The error for a reply of a form that no server gives. */
export function unexpectedReply(to = 'a command'): SnapscrapeError {
  return new SnapscrapeError(
    'store_unavailable',
    `Redis returned an unexpected reply to ${to}; see that it is Redis 7 or Valkey 7.2, or newer, ` +
      'and that no proxy changes replies',
  );
}
