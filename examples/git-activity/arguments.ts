import { parseArgs } from 'node:util';

/** What was asked for on the command line. */
export interface Settings {
  /** Where to listen. */
  readonly address: ListenAddress;
  /** The time between two looks at the repositories, in ms. */
  readonly collectIntervalMs: number;
  /** How long one call of git may take, in ms. */
  readonly gitTimeoutMs: number;
  /** The repositories as given; none means that of the current directory. */
  readonly paths: readonly string[];
  /** Only the help was asked for. */
  readonly help: boolean;
}

/** A host and a port to listen on. */
export interface ListenAddress {
  /** A name or an address without brackets; undefined means all interfaces. */
  readonly host: string | undefined;
  /** A TCP port; 0 means any that is free. */
  readonly port: number;
}

/** Arguments that cannot be used. The message names the argument and the remedy. */
export class UsageError extends Error {}

/** What `--help` prints. */
export const HELP: string = `Usage: npm start -- [options] [<path>...]

Serves the contributor activity of local git repositories as Prometheus metrics.
Each <path> is the top of a working tree or a bare repository. Default: the repository
of the current directory.

  --web.listen-address=<address>  where to listen: :9464, 127.0.0.1:9464, [::1]:9464;
                                  port 0 takes any free one (default :9464)
  --collect.interval=<duration>   time between two looks at the repositories, from 100ms
                                  to 24h (default 15s)
  --git.timeout=<duration>        how long one call of git may take, from 100ms to 24h
                                  (default 2m)
  --help                          print this
`;

/** Reads the command line. Throws a {@link UsageError} for what it does not understand. */
export function readArguments(args: readonly string[]): Settings {
  const { values, positionals } = parse(args);
  const empty = positionals.find((path) => path === '');
  if (empty !== undefined) throw new UsageError("a path is empty; name a directory, or '.'");
  return {
    address: readAddress('--web.listen-address', values['web.listen-address']),
    collectIntervalMs: readDuration('--collect.interval', values['collect.interval']),
    gitTimeoutMs: readDuration('--git.timeout', values['git.timeout']),
    paths: positionals,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'web.listen-address': { type: 'string', default: ':9464' },
        'collect.interval': { type: 'string', default: '15s' },
        'git.timeout': { type: 'string', default: '2m' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    // Its first sentence names the argument; what follows is advice on quoting.
    const [what] = (error as Error).message.split('. ');
    throw new UsageError(`${what}; see --help`);
  }
}

const ADDRESS = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]*)):(\d{1,5})$/i;

function readAddress(option: string, text: string): ListenAddress {
  const [, bracketed, plain, digits] = ADDRESS.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    throw new UsageError(
      `${option}: '${text}' is no address; use :9464, 127.0.0.1:9464 or [::1]:9464`,
    );
  }
  return { host: bracketed ?? (plain || undefined), port };
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const LEAST_MS = 100;
const MOST_MS = 86_400_000;

function readDuration(option: string, text: string): number {
  const [, count, unit] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  const duration = Number(count) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  if (duration >= LEAST_MS && duration <= MOST_MS) return duration;
  throw new UsageError(
    `${option}: '${text}' is no duration from 100ms to 24h; write 15s, 2m or 1h`,
  );
}
