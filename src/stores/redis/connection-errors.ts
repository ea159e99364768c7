import { StoreAwayError } from '../store-away.ts';

/** How far the opening of a connection had come. */
export type OpeningStage =
  /** It was being connected: name, TCP and TLS. */
  | 'connect'
  /** The server was to greet: version of the protocol, user and password, database. */
  | 'greeting'
  /** The Sentinels were asked for the master. */
  | 'sentinels'
  /** The cluster was asked for its slots. */
  | 'slots';

/** A connection that could not be opened; the cause is why, if that is known. */
export class OpeningError extends StoreAwayError {
  readonly stage: OpeningStage;
  /** Whether there was no time left. */
  readonly isLate: boolean;
  /** Whether it was to be one over TLS. */
  readonly isTls: boolean;

  constructor(
    stage: OpeningStage,
    { isLate = false, isTls = false, cause }: Partial<OpeningError> = {},
  ) {
    super(`The connection to Redis was not opened (${stage}${isLate ? ', late' : ''})`, { cause });
    this.stage = stage;
    this.isLate = isLate;
    this.isTls = isTls;
  }

  /** Of several that failed: those that say why say more than those that were late. */
  static ofAll(stage: OpeningStage, errors: readonly unknown[]): OpeningError {
    const telling = errors.find((each) => !(each instanceof OpeningError && each.isLate));
    return new OpeningError(stage, { isLate: telling === undefined, cause: telling ?? errors[0] });
  }
}

/** The command was not sent: there is no connection. The cause is why, if that is known. */
export class NotSentError extends StoreAwayError {
  constructor(cause: unknown) {
    super('There is no connection to Redis', { cause });
  }
}

/** The connection ended before the command was answered. The cause is how it ended. */
export class ConnectionLostError extends StoreAwayError {
  constructor(cause: unknown) {
    super('The connection to Redis ended before the answer', { cause });
  }
}

/** The server answered nothing for a whole time-out, though it had something to answer. */
export class SilentServerError extends StoreAwayError {
  readonly silentMs: number;

  constructor(silentMs: number) {
    super(`The server answered nothing for ${silentMs} ms`);
    this.silentMs = silentMs;
  }
}
