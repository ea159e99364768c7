import { rootOf, SnapscrapeError } from '../model/errors.ts';
import { errorText, loggableText } from './error-text.ts';
import { RepeatLimit } from './repeat-limit.ts';
import { writeLine } from './standard-error.ts';

/** The parts of this package that log when the caller gives no `onError`. */
export type LogComponent =
  | 'cache'
  | 'merged_reader'
  | 'text_file_source'
  | 'exposition_source'
  | 'handler'
  | 'server'
  | 'web_config'
  | 'request_guard'
  | 'store'
  | 'memory_store'
  | 'lmdb_store'
  | 'redis_store';

/** What a line says beside its message, such as `reader=jobs`. */
type Fields = Readonly<Record<string, string | number>>;

const repeats = new RepeatLimit(writeWithTime);
const logged = new WeakSet<Error>();

/**
 * Logs an error as one line on standard error. A line that repeats is written once a minute, with a
 * count. Never throws.
 */
export function logError(component: LogComponent, error: unknown, fields: Fields = {}): void {
  const code = error instanceof SnapscrapeError ? error.code : 'scrape_failed';
  if (error instanceof Error) logged.add(rootOf(error));
  const { message, cause } = errorText(error);
  const causeField = cause === '' ? '' : ` cause=${quoted(cause)}`;
  const start = `level=ERROR${fieldsText({ code, component })}`;
  const text = `${start}${fieldsText(fields)} msg=${quoted(message)}${causeField}`;
  repeats.add({ component, start }, text);
}

/** Whether the component that met an error first has logged it here. */
export function isLogged(error: Error): boolean {
  return logged.has(rootOf(error));
}

/** Logs that something failed before and works again; repetitions as those of errors. */
export function logRecovery(component: LogComponent, message: string, fields: Fields = {}): void {
  const start = `level=INFO component=${component}`;
  repeats.add({ component, start }, `${start}${fieldsText(fields)} msg=${quoted(message)}`);
}

/** Logs an event that is no error, each time. */
export function logEvent(component: LogComponent, message: string, fields: Fields = {}): void {
  writeWithTime(`level=INFO component=${component}${fieldsText(fields)} msg=${quoted(message)}`);
}

function writeWithTime(text: string): void {
  writeLine(`time=${new Date().toISOString()} ${text}`);
}

function fieldsText(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => {
      const text = String(value);
      return ` ${name}=${/^[\w.:/[\]%-]+$/.test(text) ? text : quoted(loggableText(text))}`;
    })
    .join('');
}

/** In quotes on one line: no text can begin another line or change how a terminal shows it. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
