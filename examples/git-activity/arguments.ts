import { parseArgs } from 'node:util';

/** What was asked for on the command line. */
export interface Settings {
  /** Where to listen: `:9464`, `127.0.0.1:9464` or `[::1]:9464`. */
  readonly address: string;
  /** The path of the metrics. */
  readonly metricsPath: string;
  /** The web configuration file; undefined for plain HTTP. */
  readonly webConfigFile: string | undefined;
  /** The time between two looks at the repositories, in ms. */
  readonly collectIntervalMs: number;
  /** How long one call of git may take, in ms. */
  readonly gitTimeoutMs: number;
  /** The repositories as given; none means that of the current directory. */
  readonly paths: readonly string[];
  /** Only the help was asked for. */
  readonly help: boolean;
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
  --web.telemetry-path=<path>     where the metrics are (default /metrics)
  --web.config.file=<path>        TLS, users and headers by a file as that of Prometheus's
                                  own exporters; none without it
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
    metricsPath: readPath('--web.telemetry-path', values['web.telemetry-path']),
    webConfigFile: values['web.config.file'],
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
        'web.telemetry-path': { type: 'string', default: '/metrics' },
        'web.config.file': { type: 'string' },
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

const ADDRESS = /^(?:\[[0-9a-f:.]+\]|[^:[\]\s/]*):(\d{1,5})$/i;

function readAddress(option: string, text: string): string {
  const [, digits] = ADDRESS.exec(text) ?? [];
  if (digits !== undefined && Number(digits) <= 65_535) return text;
  throw new UsageError(
    `${option}: '${text}' is no address; use :9464, 127.0.0.1:9464 or [::1]:9464`,
  );
}

function readPath(option: string, text: string): string {
  if (/^\/[\w./~-]*$/.test(text) && !text.startsWith('/-/')) return text;
  throw new UsageError(`${option}: '${text}' is no path of metrics; write one such as /metrics`);
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
