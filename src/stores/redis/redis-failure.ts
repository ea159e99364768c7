import { SnapscrapeError } from '../../model/errors.ts';
import { StoreAwayError, StoreBusyError } from '../store-away.ts';
import {
  ConnectionLostError,
  NotSentError,
  OpeningError,
  SilentServerError,
} from './connection-errors.ts';
import { type ReplyReason, reasonOfReply, replyWord } from './reply-reasons.ts';

/** What is known of a command that failed. */
export type FailureKind =
  /** It was not carried out and may be later: the server or the way to it is in transition. */
  | 'transient'
  /** It went out and the connection broke: it may or may not have been carried out. */
  | 'unknown'
  /** It was refused, and would be again. */
  | 'final';

/** What the error of a link means for the command. */
export function failureKind(error: unknown): FailureKind {
  if (error instanceof ConnectionLostError) return 'unknown';
  if (!(error instanceof Error) || error instanceof SnapscrapeError) return 'final';
  if (!(error instanceof NotSentError))
    return reasonOfReply(error).isTransient ? 'transient' : 'final';
  // A connection that is refused for what the options say is not made later either.
  const reply = error.cause instanceof OpeningError ? replyIn(error.cause) : undefined;
  const reason = reply && reasonOfReply(reply);
  return reason?.isKnown === true && !reason.isTransient ? 'final' : 'transient';
}

// What a master says that was replaced: it follows another one, or no replica follows it any more.
const REPLACED = ['READONLY', 'MASTERDOWN', 'NOREPLICAS'];

/** Whether a server says what a master that was replaced would say. */
export function maySayReplaced(error: unknown): boolean {
  return REPLACED.includes(replyWord(error));
}

/** Whether a server says that it is a replica. A master may become one, and cease to be. */
export function isReadOnlyReply(error: unknown): boolean {
  return replyWord(error) === 'READONLY';
}

/** Whether a server answered that it does not know a script. */
export function isUnknownScript(error: unknown): boolean {
  return replyWord(error) === 'NOSCRIPT';
}

/**
 * The coded error for what a link rejected with. Errors that have a code of ours stay as they are.
 *
 * The message has nothing of the address, which may hold a password, and nothing of the server's
 * answer but its first word.
 *
 * @param method - whom the command was for.
 */
export function redisFailure(method: string, cause: unknown): SnapscrapeError {
  if (cause instanceof SnapscrapeError) return cause;
  const what = `RedisStore could not carry out ${method}()`;
  const { code, text } = reasonOf(cause);
  const word = replyWord(replyIn(cause));
  const named = word === '' || word === 'ERR' ? '' : ` (${word})`;
  const fate =
    cause instanceof NotSentError
      ? '; nothing of it was sent'
      : cause instanceof ConnectionLostError
        ? '; what was to be written may be there or not, and can be written again'
        : '';
  const isReply = !(cause instanceof StoreAwayError) && cause instanceof Error;
  const passes = isReply && failureKind(cause) === 'transient';
  return new SnapscrapeError(code, `${what}${named}${fate}: ${text}`, {
    cause: passes ? new StoreBusyError(cause.message, { cause }) : cause,
  });
}

/**
 * The coded error for why a connection ended or could not be opened, while no call waits for it.
 */
export function connectionFailure(cause: unknown): SnapscrapeError {
  const { code, text } = reasonOf(cause);
  return new SnapscrapeError(code, `RedisStore has no connection: ${text}`, {
    cause: cause instanceof StoreAwayError ? cause : new NotSentError(cause),
  });
}

const SENTINEL_USER = 'its user and password are sentinelClientOptions, those of a URL are not its';

/** The error that a server returned, in place of a greeting or of a reply. */
function replyIn(error: unknown): Error | undefined {
  if (isOfLink(error) || error instanceof OpeningError) return replyIn(error.cause);
  return error instanceof Error && replyWord(error) !== '' ? error : undefined;
}

function isOfLink(error: unknown): error is NotSentError | ConnectionLostError {
  return error instanceof NotSentError || error instanceof ConnectionLostError;
}

function reasonOf(error: unknown): Pick<ReplyReason, 'code' | 'text'> {
  if (isOfLink(error)) return reasonOf(error.cause);
  const reply = replyIn(error);
  if (reply === undefined) return { code: 'store_unavailable', text: troubleOf(error) };
  const { code, text } = reasonOfReply(reply);
  const isOfSentinel = error instanceof OpeningError && error.stage === 'sentinels';
  if (!isOfSentinel || code !== 'store_forbidden') return { code, text };
  return { code, text: `a Sentinel refused: ${text}; ${SENTINEL_USER}` };
}

/** Why there is no connection, and what to do about it. */
function troubleOf(error: unknown): string {
  if (error instanceof SilentServerError) {
    return (
      `the server answered nothing for ${error.silentMs} ms and the connection was given up; ` +
      'see that it runs and that nothing holds it up, or raise timeout'
    );
  }
  if (error instanceof OpeningError) return openingTrouble(error);
  if (error === undefined) return 'the connection is not there yet; see that the server runs';
  return socketTrouble(error) ?? 'the connection broke; see the cause';
}

function openingTrouble({ stage, isLate, isTls, cause }: OpeningError): string {
  if (stage === 'sentinels') {
    return cause === undefined
      ? 'no Sentinel answered in time; see that they run and nothing blocks the way'
      : `no Sentinel gave the master: ${innerTrouble(cause)}`;
  }
  if (stage === 'slots') {
    if (isLate && cause === undefined) {
      return 'no server of the cluster answered in time; see that they run and nothing blocks the way';
    }
    return cause === undefined
      ? 'no server of the cluster has the slot; see CLUSTER INFO on its servers'
      : `no server of the cluster gave its slots: ${innerTrouble(cause)}`;
  }
  const known = socketTrouble(cause);
  if (known !== undefined) return known;
  if (stage === 'connect' && isTls) {
    return (
      `the TLS handshake ${isLate ? 'did not end in time' : 'failed'}; see that host and port are ` +
      'right and that the port speaks TLS: a plain port needs redis:// in place of rediss://'
    );
  }
  if (stage === 'connect') {
    return 'no connection was made in time; see that host and port are right and nothing blocks the way';
  }
  return (
    (isLate
      ? 'the server did not answer the greeting in time; see that it runs and nothing holds it up'
      : 'what is at that port ended the connection or does not speak the protocol of Redis; ' +
        'see that host and port are right') +
    (isTls ? '' : ', and if the port speaks TLS, give rediss:// in place of redis://')
  );
}

function innerTrouble(cause: unknown): string {
  return cause instanceof SnapscrapeError ? cause.message : troubleOf(cause);
}

// What Node and OpenSSL say, by their codes.
const SOCKET_TROUBLES: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'nothing listens at that port; see that host and port are right'],
  [/^(?:ENOTFOUND|EAI_\w+)$/, 'the name of the host is not known; see that it is right'],
  [/^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/, 'no way leads to the host; see the network'],
  [/^(?:ENOENT|EACCES)$/, 'the socket file is not there, or may not be used; see its path'],
  [
    /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNSUPPORTED_PROTOCOL)/,
    'the port speaks no TLS; a plain port needs redis:// in place of rediss://',
  ],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS_/,
    "the server's certificate is not trusted, or not for this host; give its CA as socket.ca",
  ],
];

function socketTrouble(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (typeof code !== 'string') return undefined;
  return SOCKET_TROUBLES.find(([pattern]) => pattern.test(code))?.[1];
}
