/** A place in the history of a partition: how many changes there were, and by which call the last one. */
export interface Position {
  /** How many changes there were; 0 where there was no partition. */
  readonly seq: number;
  /**
   * The token of the call that made the last of them. A history that was lost and written anew has other
   * tokens, so that a place in the one is never taken for a place in the other.
   */
  readonly token: string;
}

/** The place before any change, which every history begins with. */
export const NOWHERE: Position = Object.freeze({ seq: 0, token: '' });

/** How far a reader has come in one partition. */
export interface Progress {
  /** All changes up to here are known. */
  readonly at: Position;
  /** Some changes up to here may be known already, because a snapshot was read while they were made. */
  readonly seen?: Position | undefined;
}

/** What a cursor says: how far a reader has come in each partition. */
export interface CursorState {
  /** By number of the partition. */
  readonly progress: readonly Progress[];
  /** Tells apart readers that have seen different parts of what is `seen`. */
  readonly nonce?: string | undefined;
}

const MARK = 'r1:';
const POSITION = /^(0|[1-9]\d{0,15})(?:\.([a-z0-9]{1,16}))?$/;
const NONCE = /^[a-z0-9]{1,16}$/;

/**
 * Writes a cursor. Readers whose cursors are equal know the same: where `seen` is left out everywhere, the
 * text follows from the history alone.
 */
export function formatCursor({ progress, nonce }: CursorState): string {
  const parts = progress.map(({ at, seen }) =>
    seen === undefined ? formatPosition(at) : `${formatPosition(at)}~${formatPosition(seen)}`,
  );
  const isExact = progress.every(({ seen }) => seen === undefined);
  // It ends in no digit, lest two cursors be compared as numbers.
  return `${MARK}${parts.join(',')}${isExact || nonce === undefined ? '' : `!${nonce}`};`;
}

/** Reads a cursor; undefined when it is none for so many partitions. */
export function parseCursor(text: unknown, partitions: number): CursorState | undefined {
  if (typeof text !== 'string' || !text.startsWith(MARK) || !text.endsWith(';')) return undefined;
  const [body, nonce, ...more] = text.slice(MARK.length, -1).split('!');
  if (more.length > 0 || (nonce !== undefined && !NONCE.test(nonce))) return undefined;
  const parts = body!.split(',');
  if (parts.length !== partitions) return undefined;
  const progress = parts.map(parseProgress);
  return progress.every((part) => part !== undefined) ? { progress, nonce } : undefined;
}

/** The cursor from which everything follows: no change is known. */
export function firstCursor(partitions: number): CursorState {
  return { progress: Array.from({ length: partitions }, () => ({ at: NOWHERE })) };
}

function formatPosition({ seq, token }: Position): string {
  return seq === 0 ? '0' : `${seq}.${token}`;
}

function parseProgress(text: string): Progress | undefined {
  const [first, second, ...more] = text.split('~');
  const at = parsePosition(first!);
  const seen = second === undefined ? undefined : parsePosition(second);
  if (at === undefined || more.length > 0) return undefined;
  if (second !== undefined && seen === undefined) return undefined;
  return { at, seen };
}

function parsePosition(text: string): Position | undefined {
  const match = POSITION.exec(text);
  if (match === null) return undefined;
  const [, seq, token = ''] = match;
  if ((seq === '0') !== (token === '')) return undefined;
  return Number.isSafeInteger(Number(seq)) ? { seq: Number(seq), token } : undefined;
}
