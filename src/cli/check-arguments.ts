import { validateHeaderName, validateHeaderValue } from 'node:http';
import { parseArgs } from 'node:util';
import { SnapscrapeError } from '../model/errors.ts';
import { formatOf } from '../parse/content-type.ts';
import { RULES, type Severity } from '../parse/index.ts';

/** What `snapscrape check` was asked for. */
export interface CheckArguments {
  /** A file, an http or https URL, or `-` for standard input. */
  readonly target: string;
  /** The page to compare with, in the same forms; one of the two may be `-`. */
  readonly other: string | undefined;
  readonly output: 'human' | 'json' | 'github';
  readonly rules: 'specification' | 'prometheus';
  /** The least severity that is shown and makes the exit code 1. */
  readonly severity: Severity;
  readonly ignored: ReadonlySet<string>;
  /** What the page is, whatever its headers say. */
  readonly contentType: string | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** The text of `snapscrape check --help`. */
export const CHECK_USAGE = `Usage: snapscrape check <file|url|-> [options]

Checks a page of metrics: by the rules of its format, by the conventions of names,
and by what makes pages large. Says of each finding what Prometheus does with it.

Options:
  --format <human|json|github>          how findings are written (default: human)
  --rules <specification|prometheus>    all rules, or only what fails a scrape
                                        (default: specification)
  --severity <error|warning|info>       the least severity that counts (default: warning)
  --ignore <rule,...>                   rules to leave out
  --content-type <type>                 what the page is: a Content-Type, or text,
                                        openmetrics, openmetrics2 or protobuf
  --diff <file|url|->                   compare with another page, and check nothing
  --header <name: value>                send a header with a URL; can be repeated
  --timeout <seconds>                   how long a URL may take (default: 10)
  --max-bytes <bytes>                   the most bytes of a page (default: 67108864)
  -h, --help                            show this text

Exit code: 0 nothing found, 1 something found, 2 the page could not be read.
`;

const OPTIONS = {
  format: { type: 'string' },
  rules: { type: 'string' },
  severity: { type: 'string' },
  ignore: { type: 'string' },
  'content-type': { type: 'string' },
  diff: { type: 'string' },
  header: { type: 'string', multiple: true },
  timeout: { type: 'string' },
  'max-bytes': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Reads the arguments behind `check`; undefined if help is asked for.
 *
 * @throws SnapscrapeError `invalid_options` with what is wrong.
 */
export function readArguments(args: readonly string[]): CheckArguments | undefined {
  const { values, positionals } = parsed(args);
  if (values.help === true) return undefined;
  if (positionals.length !== 1) {
    throw wrong(`give one file, URL or -; there are ${positionals.length}`);
  }
  const target = positionals[0]!;
  if (target === '-' && values.diff === '-') {
    throw wrong('standard input is one page; give a file or URL for the other one');
  }
  return {
    target,
    other: values.diff,
    output: oneOf('format', values.format, ['human', 'json', 'github']),
    rules: oneOf('rules', values.rules, ['specification', 'prometheus']),
    severity: oneOf('severity', values.severity, ['warning', 'error', 'info']),
    ignored: new Set(ruleIds(values.ignore)),
    contentType: contentType(values['content-type']),
    headers: (values.header ?? []).map(header),
    timeoutMs: number('timeout', values.timeout ?? '10', 3600) * 1000,
    maxBytes: integer('max-bytes', values['max-bytes'] ?? String(64 * 1024 ** 2), 2 ** 32),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (cause) {
    const message =
      cause instanceof Error ? cause.message.replaceAll('\n', ' ') : 'the arguments cannot be read';
    throw new SnapscrapeError('invalid_options', message, { cause });
  }
}

/** The first choice is the default. */
function oneOf<T extends string>(
  name: string,
  value: string | undefined,
  choices: readonly T[],
): T {
  if (value === undefined) return choices[0]!;
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw wrong(`--${name} must be one of ${choices.join(', ')}`);
  return choice;
}

function ruleIds(list: string | undefined): string[] {
  const ids = list === undefined ? [] : list.split(',');
  const unknown = ids.find((id) => !Object.hasOwn(RULES, id));
  if (unknown !== undefined)
    throw wrong(`--ignore has the unknown rule ${JSON.stringify(unknown)}`);
  return ids;
}

function contentType(text: string | undefined): string | undefined {
  if (text === undefined || formatOf(text) !== undefined) return text;
  throw wrong(
    '--content-type must be text, openmetrics, openmetrics2, protobuf or the Content-Type of one',
  );
}

function header(text: string): readonly [string, string] {
  const colon = text.indexOf(':');
  if (colon < 1) throw wrong('--header must be a name, a colon and a value');
  const [name, value] = [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    // The error of Node has the value, which may be a secret.
    throw wrong('--header has characters that no header may have');
  }
  return [name, value];
}

function number(name: string, text: string, most: number): number {
  const value = /^\d{1,12}(?:\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && value <= most))
    throw wrong(`--${name} must be a number above 0, at most ${most}`);
  return value;
}

function integer(name: string, text: string, most: number): number {
  const value = number(name, text, most);
  if (!Number.isInteger(value)) throw wrong(`--${name} must be a whole number`);
  return value;
}

function wrong(message: string): SnapscrapeError {
  return new SnapscrapeError('invalid_options', message);
}
