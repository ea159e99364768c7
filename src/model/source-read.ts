import type { Entries } from './entries.ts';
import type { Many, ReadOptions } from './snapshot-reader.ts';

/** Why a delta could not be used, so that everything was read again. */
export type FallbackReason = (typeof FALLBACK_REASONS)[number];

/**
 * Every {@link FallbackReason}: the source failed to give a delta, said `reset`, returned something
 * that is not a delta or made no progress, went backwards, changed the type of a family, or failed
 * to give a cursor.
 */
export const FALLBACK_REASONS = [
  'delta_failed',
  'reset',
  'invalid_delta',
  'cursor_backwards',
  'family_type_changed',
  'cursor_failed',
] as const;

/**
 * Thrown by a read that cannot go on from its cursor (`since`), or cannot tell where a later one
 * may go on. Only a refresh catches it: it drops what was staged, counts the reason and reads
 * again.
 */
export class NoDelta extends Error {
  readonly reason: FallbackReason;

  constructor(reason: FallbackReason, cause?: unknown) {
    super(`No delta: ${reason}`, { cause });
    this.reason = reason;
  }
}

/**
 * A part of a read. Families come first, then points (a full read) or events (a delta) or entries
 * (either), in any number of parts; then when the source was last written, if it tells. The end
 * comes last; a source that has neither cursors nor states leaves it out.
 *
 * Items come from outside and are not checked yet, except entries: their keys are canonical and
 * their payloads are admitted, which the source promises. Items of `lastWrites` may be a promise,
 * which may reject: the points are good nevertheless.
 */
export type ReadPart =
  | { readonly kind: 'families' | 'points' | 'events' | 'lastWrites'; readonly items: unknown }
  | {
      readonly kind: 'entries';
      readonly items: Many<Entries>;
      /** Whether the source has judged them by the declared types. Default: false. */
      readonly isTyped?: boolean;
    }
  | ReadEnd;

/** The end of a read that has succeeded. */
export interface ReadEnd {
  readonly kind: 'end';
  /** Where the next read may go on: never later than what was read. Undefined: nowhere. */
  readonly resume: string | undefined;
  /** The name of exactly the state that was read; undefined if that is not known. */
  readonly state: string | undefined;
}

/** Options of a {@link SourceReader}. */
export interface SourceReadOptions extends ReadOptions {
  /** Whether a later read is to go on from this one; if not, `resume` is not asked for. */
  readonly needsResume: boolean;
}

/**
 * The one contract by which a refresh reads, whatever the source is.
 *
 * A class, so that no object of a user is one by chance: it is told by `instanceof`.
 */
export abstract class SourceReader {
  /**
   * Reads everything, or what changed since a cursor. It never falls back by itself.
   *
   * @throws NoDelta if it cannot go on from `since`, or has no `resume` that is needed.
   */
  abstract read(since: string | undefined, options: SourceReadOptions): AsyncIterable<ReadPart>;
}
