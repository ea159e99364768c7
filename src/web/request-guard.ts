import { createHash, timingSafeEqual } from 'node:crypto';
import { logError } from '../logging/default-log.ts';
import { checkOptions, integerWithin, isFunction } from '../model/options.ts';
import { type Credentials, readAuthorization } from './authorization.ts';
import { PasswordChecker } from './password-checker.ts';
import type { Secret } from './secret.ts';
import { TokenBucket } from './token-bucket.ts';
import type { AccessConfig, RateLimit } from './web-config.ts';

/** The part of a request that a guard reads; a request of `node:http` or `node:http2` fits. */
export interface GuardedRequest {
  /** The headers, by names in lower case. */
  readonly headers: { readonly authorization?: string | undefined };
  /** The client; not read today: rate limit and passwords are the same for all. */
  readonly remoteAddress?: string | undefined;
  /** Aborts when the client is gone: its password then leaves the queue. */
  readonly signal?: AbortSignal | undefined;
}

/** The response to a request that the guard rejects. */
export interface RequestRefusal {
  /** 429: the rate limit; 401: unknown credentials; 503: too many passwords wait. */
  readonly status: 401 | 429 | 503;
  /** All headers of the response, also those of the configuration. */
  readonly headers: Readonly<Record<string, string>>;
  /** Plain text that says no more than the status. */
  readonly body: string;
}

/** Decides which requests pass. */
export interface RequestGuard {
  /** The headers that each response must have, rejections too, by the current configuration. */
  responseHeaders(): ReadonlyMap<string, string>;
  /**
   * Returns undefined if the request passes, else the response. The rate limit comes first, then
   * the credentials, as in the toolkit. Never rejects.
   */
  check(request: GuardedRequest): Promise<RequestRefusal | undefined>;
  /** Ends the thread that compares passwords. Requests whose password would need it get a 503. */
  close(): void;
}

/** Settings of a guard. */
export interface RequestGuardOptions {
  /**
   * How many passwords may wait to be compared, the one at work included; requests beyond get a 503
   * at once. Default 64, from 1 to 10 000. A comparison of cost 10 takes about 60 ms.
   */
  readonly maxPasswordsWaiting?: number;
  /**
   * Is called with the error if passwords cannot be compared; must not throw. Default: a line on
   * standard error, repeated ones once a minute; `() => {}` logs nothing.
   */
  readonly onError?: (error: unknown) => void;
  /** The clock of the rate limit, in ms, monotonic. Default `performance.now`. */
  readonly now?: () => number;
}

/** The defaults of {@link RequestGuardOptions}. */
export const REQUEST_GUARD_DEFAULTS: Required<RequestGuardOptions> = Object.freeze({
  maxPasswordsWaiting: 64,
  onError: (error) => logError('request_guard', error),
  now: () => performance.now(),
});

const TEXTS: Readonly<Record<RequestRefusal['status'], string>> = {
  401: 'Unauthorized\n',
  429: 'Too Many Requests\n',
  503: 'Service Unavailable\n',
};

/**
 * Makes a guard by a web configuration, such as a `WebConfigFile`, whose changes count from the
 * next request on. Without users and tokens every request passes. Throws `invalid_options`.
 */
export function createRequestGuard(
  source: { readonly current: AccessConfig },
  options: RequestGuardOptions = {},
): RequestGuard {
  return new ConfiguredGuard(
    source,
    checkOptions('createRequestGuard', options, REQUEST_GUARD_DEFAULTS, {
      maxPasswordsWaiting: integerWithin(1, 10_000, 'passwords'),
      onError: isFunction,
      now: isFunction,
    }),
  );
}

class ConfiguredGuard implements RequestGuard {
  readonly #source: { readonly current: AccessConfig };
  readonly #passwords: PasswordChecker;
  readonly #now: () => number;
  #limit: RateLimit | undefined;
  #bucket: TokenBucket | undefined;
  #isClosed = false;

  constructor(
    source: { readonly current: AccessConfig },
    { maxPasswordsWaiting, onError, now }: Required<RequestGuardOptions>,
  ) {
    this.#source = source;
    this.#passwords = new PasswordChecker(maxPasswordsWaiting, onError);
    this.#now = now;
  }

  responseHeaders(): ReadonlyMap<string, string> {
    return this.#source.current.headers;
  }

  async check(request: GuardedRequest): Promise<RequestRefusal | undefined> {
    const config = this.#source.current;
    const delayMs = this.#takeToken(config.rateLimit);
    if (delayMs > 0) return rejection(config, 429, { 'Retry-After': seconds(delayMs) });
    if (config.users.size === 0 && config.bearerTokens.size === 0) return undefined;
    const credentials = readAuthorization(request.headers.authorization);
    const verdict = await this.#judge(config, credentials, request.signal);
    if (verdict === 'right') return undefined;
    if (verdict === 'busy') return rejection(config, 503, { 'Retry-After': '1' });
    return rejection(config, 401, { 'WWW-Authenticate': challenge(config) });
  }

  close(): void {
    this.#isClosed = true;
    this.#passwords.close();
  }

  /** A bucket begins anew only when its own settings change, not with each change of the file. */
  #takeToken(limit: RateLimit | undefined): number {
    const isSame =
      this.#limit?.burst === limit?.burst && this.#limit?.intervalMs === limit?.intervalMs;
    if (!isSame) {
      this.#limit = limit;
      this.#bucket = limit === undefined ? undefined : new TokenBucket(limit, this.#now);
    }
    return this.#bucket?.take() ?? 0;
  }

  async #judge(
    { users, bearerTokens }: AccessConfig,
    credentials: Credentials | undefined,
    signal: AbortSignal | undefined,
  ): Promise<'right' | 'wrong' | 'busy'> {
    if (credentials?.scheme === 'bearer') {
      return isOneOf(bearerTokens, credentials.token) ? 'right' : 'wrong';
    }
    if (credentials === undefined || users.size === 0) return 'wrong';
    if (this.#isClosed) return 'busy';
    const { user, password } = credentials;
    const known = users.get(user);
    const hash = (known ?? standIn(users, user)).reveal();
    const verdict = await this.#passwords.check({ user, hash, password, signal });
    return verdict === 'right' && known === undefined ? 'wrong' : verdict;
  }
}

/**
 * The hash that an unknown user's password is compared with, always the same one for a name, so
 * that the time does not show whether a name is known, whatever the costs of the hashes are.
 */
function standIn(users: ReadonlyMap<string, Secret>, user: string): Secret {
  const hashes = [...users.values()];
  return hashes[createHash('sha256').update(user).digest().readUInt32BE() % hashes.length]!;
}

/** Compares with every token, so that the time does not show which one was nearly right. */
function isOneOf(tokens: ReadonlyMap<string, Secret>, token: string): boolean {
  const digest = createHash('sha256').update(token).digest();
  let found = false;
  for (const known of tokens.values()) {
    if (timingSafeEqual(Buffer.from(known.reveal(), 'hex'), digest)) found = true;
  }
  return found;
}

function challenge({ users, bearerTokens }: AccessConfig): string {
  const schemes = [users.size > 0 ? 'Basic' : '', bearerTokens.size > 0 ? 'Bearer' : ''];
  return schemes.filter((scheme) => scheme !== '').join(', ');
}

function rejection(
  config: AccessConfig,
  status: RequestRefusal['status'],
  own: Readonly<Record<string, string>>,
): RequestRefusal {
  return {
    status,
    headers: {
      ...Object.fromEntries(config.headers),
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-store',
      ...own,
    },
    body: TEXTS[status],
  };
}

function seconds(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1000)));
}
