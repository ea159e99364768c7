/**
 * A place in the history of a partition: how many changes there were, and by which call the last
 * one.
 */
export interface Position {
  /** How many changes there were; 0 where there was no partition. */
  readonly seq: number;
  /**
   * The token of the call that made the last of them. A history that was lost and written again has
   * other tokens, so that a place in one is never taken for a place in the other.
   */
  readonly token: string;
}

/** The place before any change, which every history begins with. */
export const NOWHERE: Position = Object.freeze({ seq: 0, token: '' });

/** How far a reader has come in one partition. */
export interface Progress {
  /** All changes up to here are known. */
  readonly at: Position;
  /**
   * Where the chain of batches ends that the reader is in the middle of; undefined if it is there.
   * What is written later belongs to the next chain, so that a chain ends however fast others
   * write.
   */
  readonly until?: Position | undefined;
}

const MARK = 'r1:';
const POSITION = /^(0|[1-9]\d{0,15})(?:\.([a-z0-9]{1,16}))?$/;

/**
 * Writes a cursor: how far a reader has come in each partition, by number. Readers with equal
 * cursors know the same.
 */
export function formatCursor(progress: readonly Progress[]): string {
  const parts = progress.map(({ at, until }) =>
    until === undefined ? formatPosition(at) : `${formatPosition(at)}~${formatPosition(until)}`,
  );
  // It ends in no digit, lest two cursors be compared as numbers.
  return `${MARK}${parts.join(',')};`;
}

/** Reads a cursor; undefined if it is not one for so many partitions. */
export function parseCursor(text: string, partitions: number): readonly Progress[] | undefined {
  if (!text.startsWith(MARK) || !text.endsWith(';')) return undefined;
  const parts = text.slice(MARK.length, -1).split(',');
  if (parts.length !== partitions) return undefined;
  const progress = parts.map(parseProgress);
  return progress.every((part) => part !== undefined) ? progress : undefined;
}

/** The progress of a reader that knows no change: everything follows. */
export function noProgress(partitions: number): readonly Progress[] {
  return Array.from({ length: partitions }, () => ({ at: NOWHERE }));
}

/** Whether two places are the same one of the same history. */
export function isSamePlace(a: Position, b: Position): boolean {
  return a.seq === b.seq && a.token === b.token;
}

function formatPosition({ seq, token }: Position): string {
  return seq === 0 ? '0' : `${seq}.${token}`;
}

function parseProgress(text: string): Progress | undefined {
  const [first, second, ...more] = text.split('~');
  const at = parsePosition(first!);
  if (at === undefined || more.length > 0) return undefined;
  if (second === undefined) return { at };
  const until = parsePosition(second);
  return until === undefined || until.seq <= at.seq ? undefined : { at, until };
}

function parsePosition(text: string): Position | undefined {
  const match = POSITION.exec(text);
  if (match === null) return undefined;
  const [, seq, token = ''] = match;
  if ((seq === '0') !== (token === '')) return undefined;
  return Number.isSafeInteger(Number(seq)) ? { seq: Number(seq), token } : undefined;
}
