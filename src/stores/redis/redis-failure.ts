import { SnapscrapeError, type SnapscrapeErrorCode } from '../../model/errors.ts';

/** What is known of a command that failed. */
export type FailureKind =
  /** It was not carried out and may be later: the server or the way to it is in transition. */
  | 'transient'
  /** It went out and the connection broke: it may or may not have been carried out. */
  | 'unknown'
  /** It was refused, and would be again. */
  | 'final';

// What servers answer while they start, fail over or move slots. They have done nothing then.
const TRANSIENT = ['LOADING', 'TRYAGAIN', 'CLUSTERDOWN', 'MASTERDOWN', 'BUSY', 'NOREPLICAS'];
// What the client library throws for commands that never went out.
const NEVER_SENT = new Set([
  'ClientOfflineError',
  'ClientClosedError',
  'RootNodesUnavailableError',
  'MaxCommandRedirectionsError',
]);
const REFUSED: Readonly<Record<string, readonly [SnapscrapeErrorCode, string]>> = {
  NOPERM: [
    'store_forbidden',
    'the ACL user lacks a right; docs/stores.md lists the commands and keys that are needed',
  ],
  NOAUTH: ['store_forbidden', 'the server wants a user and a password; give them'],
  WRONGPASS: ['store_forbidden', 'the user or the password is wrong'],
  READONLY: ['store_read_only', 'this server is a replica; give the address of its master'],
  OOM: ['store_full', 'the server is at maxmemory; give it more, or delete series'],
  MISCONF: ['store_unavailable', 'the server cannot write to its disk and refuses writes'],
  WRONGTYPE: ['store_unavailable', 'a key holds something else; give another keyPrefix'],
};

/** What an error of the client library means for the command. */
export function failureKind(error: unknown): FailureKind {
  if (!(error instanceof Error)) return 'final';
  if (NEVER_SENT.has(error.constructor.name)) return 'transient';
  const word = firstWord(error);
  if (TRANSIENT.includes(word)) return 'transient';
  return isReply(error) ? 'final' : 'unknown';
}

/** Whether a server answered that it is a replica, which a master may become and cease to be. */
export function isReadOnlyReply(error: unknown): boolean {
  return error instanceof Error && isReply(error) && firstWord(error) === 'READONLY';
}

/** Whether a server answered that it does not know a script. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && isReply(error) && firstWord(error) === 'NOSCRIPT';
}

/** Whether a server refused the user or his connecting, so that to go on trying would be in vain. */
export function isRefusedUser(error: unknown): boolean {
  return error instanceof Error && ['NOAUTH', 'WRONGPASS', 'NOPERM'].includes(firstWord(error));
}

/**
 * The coded error for what the client library threw. Errors that have a code of ours stay as they are.
 *
 * The message has nothing of the address, which may hold a password, and nothing of the server's answer but
 * its first word.
 *
 * @param method - whom the command was for.
 */
export function redisFailure(method: string, cause: unknown): SnapscrapeError {
  if (cause instanceof SnapscrapeError) return cause;
  const word = cause instanceof Error ? firstWord(cause) : '';
  const known = Object.hasOwn(REFUSED, word) ? REFUSED[word]! : undefined;
  const what = `RedisStore could not carry out ${method}()`;
  if (known !== undefined) {
    return new SnapscrapeError(known[0], `${what} (${word}): ${known[1]}`, { cause });
  }
  const kind = failureKind(cause);
  const remedy =
    kind === 'unknown'
      ? 'the connection broke; what was written may be there or not, and can be written again'
      : 'see the cause; is the server there, and Redis 7 or Valkey 7.2, or newer?';
  return new SnapscrapeError('store_unavailable', `${what}: ${remedy}`, { cause });
}

function isReply(error: Error): boolean {
  return ['ErrorReply', 'SimpleError', 'BlobError'].includes(error.constructor.name);
}

// What a command within a script is answered where the user may not use it, in the words of Redis 7 and later.
const FORBIDDEN_IN_SCRIPT = /^ERR (?:The user executing the script can't|ACL failure in script)/;

/** The first word of a server's answer, as far as it looks like one. */
function firstWord({ message }: Error): string {
  if (FORBIDDEN_IN_SCRIPT.test(message)) return 'NOPERM';
  return /^([A-Z]{2,20})\b/.exec(message)?.[1] ?? '';
}
