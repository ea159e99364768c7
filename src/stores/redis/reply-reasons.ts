import type { SnapscrapeErrorCode } from '../../model/errors.ts';

/** What an error of the server means for the command and for the caller. */
export interface ReplyReason {
  readonly code: SnapscrapeErrorCode;
  /** What is the case, and what to do about it. */
  readonly text: string;
  /** Whether the command was not carried out and may be later. */
  readonly isTransient: boolean;
  /** Whether it is one of those listed here. */
  readonly isKnown: boolean;
}

const CLUSTERED =
  'the server is part of a cluster; give a URL with redis-cluster:// or rediss-cluster://';

/** How an error begins, what it means, and its code (`store_unavailable`) or that it passes. */
type Row = readonly [RegExp, string, (SnapscrapeErrorCode | 'passes')?];

// Errors as Redis 7 and Valkey write them; the first row that fits counts.
const ROWS: readonly Row[] = [
  // Rights.
  [
    /^(?:NOPERM\b|ERR (?:The user executing the script can't|ACL failure in script))/,
    'the ACL user lacks a right; docs/stores.md lists the commands and keys that are needed',
    'store_forbidden',
  ],
  [/^NOAUTH\b/, 'the server wants a user and a password; give them', 'store_forbidden'],
  [/^WRONGPASS\b/, 'the user or the password is wrong; correct them', 'store_forbidden'],
  [
    /^DENIED\b/,
    'the server is in protected mode; give it a password, or let it bind to this network',
    'store_forbidden',
  ],
  // What the server cannot do as it is set up.
  [/^READONLY\b/, 'this server is a replica; give the address of its master', 'store_read_only'],
  [/^OOM\b/, 'the server is at maxmemory; give it more, or delete series', 'store_full'],
  [
    /^MISCONF\b/,
    'the server cannot write to its disk and refuses writes; make room, or see its log',
  ],
  [/^WRONGTYPE\b/, 'a key holds something else; give another keyPrefix'],
  [/^NOPROTO\b/, 'the server does not speak RESP 3; use Redis 7 or Valkey 7.2, or newer'],
  [/^(?:MOVED|ASK)\b/, CLUSTERED],
  [
    /^CROSSSLOT\b/,
    'the server is part of a cluster and the keys are not in one slot; use redis-cluster://',
  ],
  [
    /^ERR This instance has cluster support disabled/,
    'the server is not part of a cluster; give a URL with redis:// or rediss://',
  ],
  [/^ERR DB index is out of range/, 'the server has no such database; give another number'],
  [
    /^ERR No such master with that name/,
    'the Sentinels watch no master of that name; correct the name in the URL',
  ],
  [
    /^ERR unknown command ['`]?SENTINEL/i,
    'a server was asked that is not a Sentinel; give the addresses of the Sentinels',
  ],
  [
    /^ERR unknown (?:sub)?command/i,
    'the server lacks a command; use Redis 7 or Valkey 7.2, or newer, and for the address of ' +
      'a Sentinel a URL with redis-sentinel://',
  ],
  // What passes.
  [
    /^LOADING\b/,
    'the server has started and is loading its data; try again when it is done',
    'passes',
  ],
  [
    /^BUSY\b/,
    'a script runs for too long on the server; wait for its end, or end it with SCRIPT KILL',
    'passes',
  ],
  [
    /^UNKILLABLE\b/,
    'a script that has written runs for too long on the server; wait for its end',
    'passes',
  ],
  [/^TRYAGAIN\b/, 'a slot of the cluster is being moved; try again when it has moved', 'passes'],
  [
    /^CLUSTERDOWN\b/,
    'the cluster lacks a master for some slot; see CLUSTER INFO on its servers',
    'passes',
  ],
  [/^MASTERDOWN\b/, 'this replica has lost its master; see INFO replication on it', 'passes'],
  [
    /^NOREPLICAS\b/,
    'too few replicas follow the master; start them, or lower its min-replicas-to-write',
    'passes',
  ],
  [
    /^ERR max number of clients/,
    'the server has as many clients as its maxclients allows; raise it, or end some',
    'passes',
  ],
];

/** The first word of an error that a server returned; empty for other errors. */
export function replyWord(error: unknown): string {
  return error instanceof Error ? (/^-?([A-Z]{2,20})\b/.exec(error.message)?.[1] ?? '') : '';
}

/** What the error of a server means. */
export function reasonOfReply({ message }: Error): ReplyReason {
  const begin = message.replace(/^-/, '');
  const row = ROWS.find(([pattern]) => pattern.test(begin));
  const [, text = 'the server refused it; see the cause', kind = 'store_unavailable'] = row ?? [];
  const isTransient = kind === 'passes';
  const code = isTransient ? 'store_unavailable' : kind;
  return { code, text, isTransient, isKnown: row !== undefined };
}
