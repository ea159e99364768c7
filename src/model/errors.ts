/**
 * Why an operation failed. Match on the code, never on the message.
 *
 * - `invalid_options`: options handed to a constructor or factory are wrong; every fault is listed.
 * - `invalid_point`: a point given to a function that cannot reject quietly (`seriesId`) is wrong.
 * - `invalid_series_id`: a string given as a series id is not the canonical text of a series.
 * - `invalid_source_reply`: a reader answered with something that is not what its contract says.
 * - `input_failed`: the iterable of points or ids that a store was given threw; `cause` is what it threw.
 * - `refresh_failed`: the source threw or rejected while it was read; `cause` is what it threw.
 * - `refresh_timeout`: the source did not answer within `refreshTimeout`.
 * - `snapshot_unavailable`: there is no good snapshot yet, because no refresh has succeeded.
 * - `snapshot_stale`: the last good snapshot is older than `maxStaleness`.
 * - `aborted`: the caller's own signal ended the wait; the refresh goes on for others.
 * - `closed`: the store or the cached reader was closed before the call.
 */
export type SnapscrapeErrorCode =
  | 'invalid_options'
  | 'invalid_point'
  | 'invalid_series_id'
  | 'invalid_source_reply'
  | 'input_failed'
  | 'refresh_failed'
  | 'refresh_timeout'
  | 'snapshot_unavailable'
  | 'snapshot_stale'
  | 'aborted'
  | 'closed';

/**
 * The only error class that this package throws. The message names the thing, its value and the
 * remedy; `cause` keeps the underlying error, if any. Neither is ever sent to a scraper.
 */
export class SnapscrapeError extends Error {
  /** The stable code to match on. */
  readonly code: SnapscrapeErrorCode;

  /**
   * Makes an error with a code.
   *
   * @param code - one of the closed list of codes.
   * @param message - a sentence that names the thing, its value and the remedy.
   * @param options - `cause`: the error that led to this one, kept as it is.
   */
  constructor(code: SnapscrapeErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'SnapscrapeError';
    this.code = code;
  }
}
