import type { OptionCheck } from '../model/options.ts';
import { EMPTY_SHA256, Secret } from '../web/secret.ts';
import type { AccessConfig } from '../web/web-config.ts';

/** The users that may see a view. One of the two must have an entry. */
export interface ViewAuth {
  /** Users and the bcrypt hashes of their passwords, as `htpasswd -nBC 10 ""` makes them. */
  readonly users?: Readonly<Record<string, string>> | undefined;
  /** Names of tokens, and `sha256:` with the SHA-256 of each token in lower-case hex. */
  readonly bearerTokens?: Readonly<Record<string, string>> | undefined;
}

const BCRYPT = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;
// The hash of the empty token is what an unset $TOKEN gives.
const TOKEN_HASH = new RegExp(`^sha256:(?!${EMPTY_SHA256})([0-9a-f]{64})$`);

/** Says what is wrong with a {@link ViewAuth}, without its values. */
export const viewAuthProblem: OptionCheck = (auth) => {
  if (typeof auth !== 'object' || auth === null || Array.isArray(auth)) return 'must be an object';
  const { users = {}, bearerTokens = {}, ...rest }: Record<string, unknown> = { ...auth };
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) return `has ${unknown}, but only users and bearerTokens are known`;
  const userNames = namesOf(users, BCRYPT);
  if (userNames === undefined) {
    return 'must have users with bcrypt hashes of cost 4 to 31; make one: snapscrape hash-password, or htpasswd -nBC 10 ""';
  }
  if (userNames.some((user) => user.includes(':'))) {
    return 'has a user with a colon, which basic authentication cannot send';
  }
  const tokenNames = namesOf(bearerTokens, TOKEN_HASH);
  if (tokenNames === undefined) {
    return 'must have bearerTokens of sha256: and lower-case hex, not of the empty token; make one: printf %s "$TOKEN" | sha256sum';
  }
  return userNames.length + tokenNames.length > 0
    ? undefined
    : 'admits no client; give users or bearerTokens, or leave it out';
};

/** The highest cost among the hashes of a {@link ViewAuth}; 0 if it has none. */
export function costliestHash({ users = {} }: ViewAuth): number {
  return Math.max(0, ...Object.values(users).map((hash) => Number(BCRYPT.exec(hash)?.[1])));
}

/** The names of a record, if all its values are texts of a pattern. */
function namesOf(record: unknown, pattern: RegExp): readonly string[] | undefined {
  if (typeof record !== 'object' || record === null) return undefined;
  const entries: readonly [string, unknown][] = Object.entries(record);
  const isSound = entries.every(([, text]) => typeof text === 'string' && pattern.test(text));
  return isSound ? entries.map(([name]) => name) : undefined;
}

/**
 * The access configuration of a view: its own users and tokens, all else as the server's is now.
 */
export function viewAccess(
  { users = {}, bearerTokens = {} }: ViewAuth,
  server: { readonly current: AccessConfig },
): { readonly current: AccessConfig } {
  const own = {
    users: new Map(Object.entries(users).map(([name, hash]) => [name, new Secret(hash)])),
    bearerTokens: new Map(
      Object.entries(bearerTokens).map(([name, text]) => [
        name,
        new Secret(TOKEN_HASH.exec(text)?.[1] ?? ''),
      ]),
    ),
  };
  return {
    get current(): AccessConfig {
      const { headers, rateLimit } = server.current;
      return { headers, rateLimit, ...own };
    },
  };
}
