import type { CommandArguments, RedisLibrary } from './server-connection.ts';

/**
 * A way to send commands, whichever kind of server is behind it. Nothing waits in it and nothing is
 * sent again: a command goes out at once, or rejects with `NotSentError`.
 */
export interface RedisLink {
  /** Sends a command; `key` decides on the server if there are several. */
  send(key: string, args: CommandArguments): Promise<unknown>;
  /** Whether a command that is sent now goes out at once. */
  readonly isReady: boolean;
  /**
   * Looks again for the server that has the key, after one said that it is a replica. Returns false
   * if it did so a moment ago.
   */
  renew(key: string): Promise<boolean>;
  /** Notes that the server that has the key takes writes. */
  confirm(key: string): void;
  /** Ends it; what waits for an answer rejects. */
  destroy(): void;
}

/** What links are opened with. */
export interface LinkPlan {
  readonly library: RedisLibrary;
  /** How long opening a connection may take, and how long a server may answer nothing, in ms. */
  readonly timeout: number;
  /** Reports why a connection ended or could not be opened. */
  readonly onError: (error: unknown) => void;
  /** Called when a command that found no connection may find one now. */
  readonly onOpen: () => void;
}
