import { SnapscrapeError } from '../../model/errors.ts';

/** A list that the server answered with. */
export function listOf(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw unexpected();
}

/** A list of texts; what is missing is undefined. */
export function optionalTextsOf(reply: unknown): readonly (string | undefined)[] {
  return listOf(reply).map((item) => (item === null ? undefined : textOf(item)));
}

/** A list of texts. */
export function textsOf(reply: unknown): readonly string[] {
  return listOf(reply).map(textOf);
}

/** A text that the server answered with. */
export function textOf(reply: unknown): string {
  if (typeof reply === 'string') return reply;
  throw unexpected();
}

/** A count that the server answered with, as a number or a text. */
export function countOf(reply: unknown): number {
  const count = typeof reply === 'string' ? Number(reply) : reply;
  if (typeof count === 'number' && Number.isSafeInteger(count)) return count;
  throw unexpected();
}

function unexpected(): SnapscrapeError {
  return new SnapscrapeError(
    'store_unavailable',
    'Redis answered with something unexpected; see that it is Redis 7 or Valkey 7.2, or newer',
  );
}
