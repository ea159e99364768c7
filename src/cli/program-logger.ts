import { pino } from 'pino';
import { errorText, loggableText } from '../logging/error-text.ts';
import type { ProgramLog } from '../logging/program-log.ts';
import { writeLine } from '../logging/standard-error.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { programWords } from './error-words.ts';
import { logfmtLine } from './logfmt.ts';
import type { LogSettings } from './settings/shared-settings.ts';

/** The log of the program, whose level and format a reload may change. */
export interface ProgramLogger extends ProgramLog {
  /** Applies settings from the next line on. */
  configure(settings: LogSettings): void;
}

// What is never written, wherever a caller puts it.
const SECRETS = ['password', 'token', 'credentials', 'authorization', 'hash'];

/**
 * Makes a log on standard error. pino runs on this thread, so that a line that was logged before
 * the end of the process is written.
 *
 * @param write - takes each line. Default: standard error.
 */
export function createProgramLogger(
  settings: LogSettings,
  write: (line: string) => void = writeLine,
): ProgramLogger {
  let { format } = settings;
  const stream = {
    write: (json: string): void => write(format === 'json' ? json.trimEnd() : logfmtLine(json)),
  };
  const logger = pino(
    {
      level: settings.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level: level.toUpperCase() }) },
      redact: { paths: SECRETS, censor: '***' },
    },
    stream,
  );
  const at =
    (level: LogSettings['level']): ProgramLog['info'] =>
    (component, msg, fields = {}) => {
      logger[level]({ component, ...loggable(component, fields) }, loggableText(msg));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    configure: (next) => {
      logger.level = next.level;
      ({ format } = next);
    },
  };
}

/** The fields of an error: its code, what it says and what its causes say. */
export function errorFields(error: unknown): { readonly err: string; readonly code?: string } {
  const { message, cause } = errorText(error);
  const code = error instanceof SnapscrapeError ? { code: error.code } : {};
  return { ...code, err: cause === '' ? message : `${message}: ${cause}` };
}

/** Fields without passwords in their texts, and without what is undefined. */
function loggable(component: string, fields: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(fields).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (typeof value !== 'string') return [[name, value] as const];
    return [[name, loggableText(name === 'err' ? programWords(component, value) : value)] as const];
  });
  return Object.fromEntries(entries);
}
