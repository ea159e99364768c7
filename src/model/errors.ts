/**
 * Why an operation failed. Match on the code, never on the message.
 *
 * - `invalid_options`: options handed to a constructor or factory are wrong; every fault is listed.
 * - `invalid_point`: a point given to a function that cannot reject quietly (`seriesId`, `replace`)
 *   is wrong.
 * - `invalid_series_id`: a string given as a series id is not the canonical text of a series.
 * - `invalid_selector`: a series selector, shard or list of names cannot be read; the message says
 *   where.
 * - `invalid_source_reply`: a reader answered with something that is not what its contract says.
 * - `invalid_exposition`: a page breaks a rule of its format, or exceeds a limit; the message says
 *   where.
 * - `invalid_web_config`: a web configuration file cannot be read or is wrong; every fault is
 *   listed.
 * - `invalid_state_file`: the state file of a Pushgateway cannot be read, or was cut.
 * - `input_failed`: the iterable of points or ids that a store was given threw; `cause` is what it
 *   threw.
 * - `refresh_failed`: the source threw or rejected while it was read; `cause` is what it threw.
 * - `refresh_timeout`: the source did not answer within `refreshTimeout`.
 * - `snapshot_unavailable`: there is no good snapshot yet, because no refresh has succeeded.
 * - `snapshot_stale`: the last good snapshot is older than `maxStaleness`.
 * - `scrape_failed`: a page could not be made or sent; `cause` is what was thrown.
 * - `snapshot_expired`: a snapshot of a store was read for longer than the store keeps it.
 * - `store_unavailable`: a store could not be opened, read or written; `cause` is what its client
 *   threw.
 * - `store_full`: a store, or a group, has no room for what is written; what was acknowledged is
 *   still there.
 * - `series_owned`: a group was to have a series that another group has, or that is in no group.
 * - `store_forbidden`: a store may not be read or written with the rights that there are.
 * - `store_read_only`: a store was asked to write and its server is a replica.
 * - `store_fenced`: a store may not write, because another one has the writer's lease.
 * - `store_schema_newer`: a store was written by a newer version of this package.
 * - `handshake_failed`: a TLS client was refused, or its handshake failed; at most once a minute by
 *   reason.
 * - `listen_failed`: a server cannot listen at an address; `cause` is what Node says.
 * - `connection_failed`: a server could not handle a connection and cut it; `cause` is what was
 *   thrown.
 * - `close_failed`: what a server was to close could not be closed; `cause` is what was thrown.
 * - `dependency_missing`: a package that this feature needs is not installed or too old; the
 *   message says which.
 * - `aborted`: the caller's own signal ended the wait; the refresh goes on for others.
 * - `closed`: the store or the cached reader was closed before the call.
 */
export type SnapscrapeErrorCode =
  | 'invalid_options'
  | 'invalid_point'
  | 'invalid_series_id'
  | 'invalid_selector'
  | 'invalid_source_reply'
  | 'invalid_exposition'
  | 'invalid_web_config'
  | 'invalid_state_file'
  | 'input_failed'
  | 'refresh_failed'
  | 'refresh_timeout'
  | 'snapshot_unavailable'
  | 'snapshot_stale'
  | 'scrape_failed'
  | 'snapshot_expired'
  | 'store_unavailable'
  | 'store_full'
  | 'series_owned'
  | 'store_forbidden'
  | 'store_read_only'
  | 'store_fenced'
  | 'store_schema_newer'
  | 'handshake_failed'
  | 'listen_failed'
  | 'connection_failed'
  | 'close_failed'
  | 'dependency_missing'
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

/** An error of this package as it is; any other one as the cause of a `refresh_failed`. */
export function asRefreshError(cause: unknown, what: string = 'source'): SnapscrapeError {
  if (cause instanceof SnapscrapeError) return cause;
  const message = `The ${what} failed; its error is the cause`;
  return new SnapscrapeError('refresh_failed', message, { cause });
}

/**
 * The error that several others were made from: scrapes that share a failed refresh have errors of
 * their own with one cause. Only errors of this package and lists of errors are looked into.
 */
export function rootOf(error: Error): Error {
  let root = error;
  for (let depth = 0; depth < 8; depth++) {
    const inner: unknown = root instanceof AggregateError ? root.errors[0] : root.cause;
    const isOurs = inner instanceof SnapscrapeError || inner instanceof AggregateError;
    if (!isOurs) break;
    root = inner;
  }
  return root;
}
