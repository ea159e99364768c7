import type { SnapscrapeErrorCode } from '../../model/errors.ts';

/** What an answer of the server means for the command and for the caller. */
interface ReplyReason {
  readonly code: SnapscrapeErrorCode;
  /** What is the case, and what to do about it. */
  readonly text: string;
  /** Whether the command was not carried out and may be later. */
  readonly isTransient?: true;
}

/** A reason, and whether it is one of those listed here. */
export interface FoundReason extends ReplyReason {
  readonly isKnown: boolean;
}

/** By the first word of the answer. */
const REASONS: Readonly<Record<string, ReplyReason>> = {
  // Rights.
  NOPERM: {
    code: 'store_forbidden',
    text: 'the ACL user lacks a right; docs/stores.md lists the commands and keys that are needed',
  },
  NOAUTH: { code: 'store_forbidden', text: 'the server wants a user and a password; give them' },
  WRONGPASS: { code: 'store_forbidden', text: 'the user or the password is wrong; correct them' },
  DENIED: {
    code: 'store_forbidden',
    text: 'the server is in protected mode; give it a password, or let it bind to this network',
  },
  // What the server cannot do as it is set up.
  READONLY: {
    code: 'store_read_only',
    text: 'this server is a replica; give the address of its master',
  },
  OOM: {
    code: 'store_full',
    text: 'the server is at maxmemory; give it more, or delete series',
  },
  MISCONF: {
    code: 'store_unavailable',
    text: 'the server cannot write to its disk and refuses writes; make room, or see its log',
  },
  WRONGTYPE: {
    code: 'store_unavailable',
    text: 'a key holds something else; give another keyPrefix',
  },
  NOPROTO: {
    code: 'store_unavailable',
    text: 'the server does not speak RESP 3; use Redis 7 or Valkey 7.2, or newer',
  },
  MOVED: {
    code: 'store_unavailable',
    text: 'the server is part of a cluster; give a URL with redis-cluster:// or rediss-cluster://',
  },
  ASK: {
    code: 'store_unavailable',
    text: 'the server is part of a cluster; give a URL with redis-cluster:// or rediss-cluster://',
  },
  CROSSSLOT: {
    code: 'store_unavailable',
    text: 'the server is part of a cluster and the keys are not in one slot; use redis-cluster://',
  },
  // What passes.
  LOADING: {
    code: 'store_unavailable',
    text: 'the server has started and is loading its data; try again when it is done',
    isTransient: true,
  },
  BUSY: {
    code: 'store_unavailable',
    text: 'a script runs for too long on the server; wait for its end, or end it with SCRIPT KILL',
    isTransient: true,
  },
  UNKILLABLE: {
    code: 'store_unavailable',
    text: 'a script that has written runs for too long on the server; wait for its end',
    isTransient: true,
  },
  TRYAGAIN: {
    code: 'store_unavailable',
    text: 'a slot of the cluster is being moved; try again when it has moved',
    isTransient: true,
  },
  CLUSTERDOWN: {
    code: 'store_unavailable',
    text: 'the cluster lacks a master for some slot; see CLUSTER INFO on its servers',
    isTransient: true,
  },
  MASTERDOWN: {
    code: 'store_unavailable',
    text: 'this replica has lost its master; see INFO replication on it',
    isTransient: true,
  },
  NOREPLICAS: {
    code: 'store_unavailable',
    text: 'too few replicas follow the master; start them, or lower its min-replicas-to-write',
    isTransient: true,
  },
};

// Errors that have no word of their own, as Redis 7 and Valkey write them.
const PHRASES: readonly (readonly [RegExp, ReplyReason])[] = [
  [/^ERR (?:The user executing the script can't|ACL failure in script)/, REASONS.NOPERM!],
  [
    /^ERR max number of clients/,
    {
      code: 'store_unavailable',
      text: 'the server has as many clients as its maxclients allows; raise it, or end some',
      isTransient: true,
    },
  ],
  [
    /^ERR This instance has cluster support disabled/,
    {
      code: 'store_unavailable',
      text: 'the server is not part of a cluster; give a URL with redis:// or rediss://',
    },
  ],
  [
    /^ERR DB index is out of range/,
    { code: 'store_unavailable', text: 'the server has no such database; give another number' },
  ],
  [
    /^ERR No such master with that name/,
    {
      code: 'store_unavailable',
      text: 'the Sentinels watch no master of that name; correct the name in the URL',
    },
  ],
  [
    /^ERR unknown command ['`]?SENTINEL/i,
    {
      code: 'store_unavailable',
      text: 'a server was asked that is no Sentinel; give the addresses of the Sentinels',
    },
  ],
  [
    /^ERR unknown (?:sub)?command/i,
    {
      code: 'store_unavailable',
      text:
        'the server lacks a command; use Redis 7 or Valkey 7.2, or newer, and for the address of ' +
        'a Sentinel a URL with redis-sentinel://',
    },
  ],
];

const UNKNOWN: ReplyReason = {
  code: 'store_unavailable',
  text: 'the server refused it; see the cause',
};

/** The first word of an error that a server returned; empty for other errors. */
export function replyWord(error: unknown): string {
  return error instanceof Error ? (/^-?([A-Z]{2,20})\b/.exec(error.message)?.[1] ?? '') : '';
}

/** What a server's answer means. */
export function reasonOfReply(error: Error): FoundReason {
  const phrase = PHRASES.find(([pattern]) => pattern.test(error.message));
  if (phrase !== undefined) return { ...phrase[1], isKnown: true };
  const word = replyWord(error);
  if (Object.hasOwn(REASONS, word)) return { ...REASONS[word]!, isKnown: true };
  return { ...UNKNOWN, isKnown: false };
}
