import { LONGEST_TIMER } from '../../model/options.ts';
import { parseListenAddress, socketPathProblem } from '../../server/listen-address.ts';
import { isRoutePath } from '../../server/request-path.ts';
import {
  type FlagsOf,
  type Group,
  group,
  type Leaf,
  type List,
  leaf,
  list,
  optional,
  required,
} from './shape.ts';
import {
  BOOLEAN,
  choice,
  count,
  duration,
  PATH,
  size,
  text,
  type ValueType,
} from './value-types.ts';

/** The flags of everything that listens. */
export interface WebFlags {
  readonly 'web.config.file': string | undefined;
  readonly 'web.telemetry-path': string;
  readonly 'web.external-url': string | undefined;
  readonly 'web.route-prefix': string | undefined;
  readonly 'web.enable-lifecycle': boolean;
  readonly 'web.enable-admin-api': boolean;
}

/** How the program logs. */
export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'logfmt' | 'json';
}

/** The lifetime of some groups, in ms. */
interface PushRule {
  readonly match: string;
  readonly ttl: number;
}

/** How pushes are taken; times in ms, sizes in bytes. */
export interface PushSettings {
  readonly ttl: number;
  readonly group_limit: number;
  readonly body_size_limit: number;
  readonly rules: readonly PushRule[];
}

/** Ten years: longer than any of our durations has a use. */
export const LONGEST_MS: number = 10 * 31_536_000_000;
/** An interval or a timeout that a timer waits for. */
export const TIMER: ValueType<number> = duration(1, LONGEST_TIMER);

/** The path of a page. */
export const ROUTE_PATH: ValueType<string> = text(
  'path',
  (value) => (isRoutePath(value) ? undefined : 'must be a path such as /metrics, without a query'),
  { pattern: '^/' },
);
const PREFIX = text('path', (value) =>
  value === '' || isRoutePath(value.startsWith('/') ? value : `/${value}`)
    ? undefined
    : 'must be a path such as /metrics-gateway, without a query',
);
const EXTERNAL_URL = text('url', (value) => {
  if (value === '') return undefined;
  const isUrl = URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
  return isUrl || isRoutePath(value) ? undefined : 'must be an http or https URL';
});

/** The flags of everything that listens, without keys: the address is the command's own. */
export const WEB_FLAGS: FlagsOf<WebFlags> = {
  'web.config.file': optional(
    PATH,
    'The web configuration file: TLS, users, headers, as of exporter-toolkit.',
  ),
  'web.telemetry-path': leaf(ROUTE_PATH, '/metrics', 'The path of the page with all metrics.'),
  'web.external-url': optional(
    EXTERNAL_URL,
    'The URL under which a proxy serves this program; its path is the default route prefix.',
  ),
  'web.route-prefix': optional(PREFIX, 'What all paths begin with.'),
  'web.enable-lifecycle': leaf(
    BOOLEAN,
    false,
    'Whether POST /-/quit ends the program, and POST /-/reload reloads serve.',
  ),
  'web.enable-admin-api': leaf(BOOLEAN, false, 'Whether requests may delete what is stored.'),
};

/** A flag of addresses, with the default of a command, such as `:9091`; an error suggests it. */
export function addressFlag(standard: string): List<string> {
  const address = text('address', (value) => {
    if (parseListenAddress(value) !== undefined) return socketPathProblem(value);
    const hosts = ['', '127.0.0.1', '[::1]'].map((host) => host + standard);
    return `must be an address such as ${hosts.join(', ')} or unix:/run/x.sock`;
  });
  return list('Addresses.', leaf(address, '', 'Where to listen.'), [standard]);
}

/** The flag of sockets that systemd opened. */
export const SYSTEMD_FLAG: Leaf<boolean> = leaf(
  BOOLEAN,
  false,
  'Whether to listen at the socket that systemd opened, instead of addresses.',
);

/** How the program logs. */
export const LOG_SETTINGS: Group<LogSettings> = group('How the program logs, to standard error.', {
  level: leaf(choice('debug', 'info', 'warn', 'error'), 'info', 'The least level that is logged.', {
    flag: 'log.level',
  }),
  format: leaf(choice('logfmt', 'json'), 'logfmt', 'The format of a line.', { flag: 'log.format' }),
});

/** How pushes are taken. */
export const PUSH_SETTINGS: Group<PushSettings> = group<PushSettings>('How pushes are taken.', {
  ttl: leaf(
    duration(0, LONGEST_MS),
    0,
    'How long a group lives after its latest push. 0s: for ever. Groups that are there already have it from their next push on.',
    { flag: 'push.ttl', isFixed: true },
  ),
  group_limit: leaf(count(1, 1_000_000), 10_000, 'The most groups.', { isFixed: true }),
  body_size_limit: leaf(
    size(1024, 1024 ** 3),
    8 * 1024 ** 2,
    'The most bytes of the body of a push, also when decompressed.',
    { isFixed: true },
  ),
  rules: list(
    'Lifetimes of some groups; the first rule that matches counts.',
    group<PushRule>('A rule.', {
      match: required(
        text('selector'),
        'A selector of the group\'s labels, such as {job=~"ci-.*"}.',
        { isFixed: true },
      ),
      ttl: leaf(duration(0, LONGEST_MS), 0, 'How long such a group lives after its latest push.', {
        isFixed: true,
      }),
    }),
  ),
});
