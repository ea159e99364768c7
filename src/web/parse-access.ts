import { validateHeaderValue } from 'node:http';
import { parseGoDuration } from './go-duration.ts';
import { EMPTY_SHA256, Secret } from './secret.ts';
import type { AccessConfig, RateLimit } from './web-config.ts';
import { quoted, type YamlField, type YamlFields } from './yaml-fields.ts';

// The headers that the toolkit accepts, with their values if it accepts only some.
const HEADERS: ReadonlyMap<string, readonly string[] | undefined> = new Map([
  ['Content-Security-Policy', undefined],
  ['Strict-Transport-Security', undefined],
  ['X-Content-Type-Options', ['nosniff']],
  ['X-Frame-Options', ['deny', 'sameorigin']],
  ['X-XSS-Protection', undefined],
]);

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const LEAST_COST = 4;
const TOKEN_HASH = /^sha256:([0-9a-f]{64})$/;

/** Reads `http_server_config`. */
export function parseHttp(
  yaml: YamlFields,
  section: YamlField | undefined,
): { readonly http2: boolean; readonly headers: AccessConfig['headers'] } {
  const fields = yaml.known(section, ['http2', 'headers']);
  const headers = new Map<string, string>();
  for (const [name, field] of yaml.known(fields.get('headers'), [...HEADERS.keys()])) {
    const value = yaml.text(field);
    const allowed = HEADERS.get(name);
    if (value === undefined) continue;
    if (allowed !== undefined && !allowed.includes(value)) {
      yaml.problem(field, `${quoted(value)} must be ${allowed.join(' or ')}`);
    } else if (!isHeaderValue(name, value)) {
      yaml.problem(field, 'has characters that no header may have, such as line breaks');
    } else if (value !== '') {
      headers.set(name, value);
    }
  }
  return { http2: yaml.boolean(fields.get('http2'), true), headers };
}

/**
 * Reads `basic_auth_users`. Hashes dearer than `mostCost` are problems: a guess would cost us too
 * much.
 */
export function parseUsers(
  yaml: YamlFields,
  section: YamlField | undefined,
  mostCost: number,
): AccessConfig['users'] {
  const users = new Map<string, Secret>();
  for (const [user, entry] of yaml.entries(section)) {
    const field = unnamed(entry, 'basic_auth_users');
    const hash = yaml.text(field);
    if (hash === undefined) continue;
    const cost = Number(BCRYPT.exec(hash)?.[1]);
    if (Number.isNaN(cost)) {
      yaml.problem(
        field,
        'must be a bcrypt hash ($2y$, $2a$ or $2b$); make one: snapscrape hash-password, or htpasswd -nBC 10 ""',
      );
    } else if (cost < LEAST_COST || cost > mostCost) {
      yaml.problem(
        field,
        `has a bcrypt cost of ${cost}; with maxBcryptCost it must be from ${LEAST_COST} to ${mostCost}`,
      );
    }
    if (user.includes(':')) {
      yaml.problem(field, 'can never log in: basic authentication has no user with a colon');
    }
    users.set(user, new Secret(hash));
  }
  return users;
}

/** Reads `bearer_tokens`, which the toolkit does not have. */
export function parseTokens(
  yaml: YamlFields,
  section: YamlField | undefined,
): AccessConfig['bearerTokens'] {
  const tokens = new Map<string, Secret>();
  for (const [name, entry] of yaml.entries(section)) {
    const field = unnamed(entry, 'bearer_tokens');
    const digest = TOKEN_HASH.exec(yaml.text(field) ?? '')?.[1];
    if (digest === undefined || digest === EMPTY_SHA256) {
      yaml.problem(
        field,
        'must be sha256: and the SHA-256 of a token in lower-case hex; ' +
          'make one: printf %s "$TOKEN" | sha256sum',
      );
    } else {
      tokens.set(name, new Secret(digest));
    }
  }
  return tokens;
}

/** Reads `rate_limit`; undefined without one, or if its interval is 0. */
export function parseRateLimit(
  yaml: YamlFields,
  section: YamlField | undefined,
): RateLimit | undefined {
  const fields = yaml.known(section, ['interval', 'burst']);
  const interval = fields.get('interval');
  const intervalMs = yaml.isNull(interval) ? 0 : parseGoDuration(yaml.text(interval) ?? '');
  if (interval !== undefined && (intervalMs === undefined || intervalMs < 0)) {
    yaml.problem(
      interval,
      'must be a duration with its unit, such as 1s or 250ms, or 0 for no limit',
    );
  }
  const field = fields.get('burst');
  const burst = yaml.isNull(field) ? 0 : wholeNumber(yaml, field);
  if (burst !== undefined && burst < 0) {
    yaml.problem(field ?? section!, 'must not be negative; set burst to 1 or more');
    return undefined;
  }
  if (burst === undefined || !intervalMs || intervalMs < 0) return undefined;
  if (burst >= 1) return { intervalMs, burst };
  yaml.problem(field ?? section!, 'lets no request through; set burst to 1 or more');
  return undefined;
}

/** A problem gives the line, not the name: if a user mixes up the two, the name is a secret. */
function unnamed(entry: YamlField, map: string): YamlField {
  return { ...entry, path: `an entry of ${map}` };
}

function wholeNumber(yaml: YamlFields, field: YamlField): number | undefined {
  const text = yaml.plain(field) ?? '';
  const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (value === undefined) yaml.problem(field, 'must be a whole number, without quotes');
  return value;
}

function isHeaderValue(name: string, value: string): boolean {
  try {
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
