import { resolve } from 'node:path';

/** What a text means: a value, or what is wrong with it and how to right it. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** A kind of value, as a flag, a variable of the environment or a key of a file gives it. */
export interface ValueType<T> {
  /** How help names it: `duration`. Empty for a flag that needs no value. */
  readonly name: string;
  /**
   * Reads a text.
   *
   * @param folder - what relative paths are relative to.
   */
  parse(text: string, folder: string): Parsed<T>;
  /** The text that {@link parse} reads back. */
  text(value: T): string;
  /** What a JSON Schema says of it. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/**
 * Any text, or one that a check finds nothing wrong with.
 *
 * @param schema - what a JSON Schema can say of the check.
 */
export function text(
  name: string,
  check: (value: string) => string | undefined = () => undefined,
  schema: ValueType<string>['schema'] = {},
): ValueType<string> {
  return {
    name,
    parse: (value) => {
      const problem = check(value);
      return problem === undefined ? { value } : { problem };
    },
    text: (value) => value,
    schema: { type: 'string', ...schema },
  };
}

/** A text that matches a pattern. */
export function matching(name: string, pattern: RegExp, problem: string): ValueType<string> {
  const check = (value: string) => (pattern.test(value) ? undefined : problem);
  return text(name, check, { pattern: pattern.source });
}

/** The path of a file or a folder. */
export const PATH: ValueType<string> = {
  name: 'path',
  parse: (value, folder) =>
    value === '' ? { problem: 'must be a path' } : { value: resolve(folder, value) },
  text: (value) => value,
  schema: { type: 'string', minLength: 1 },
};

/** Yes or no. */
export const BOOLEAN: ValueType<boolean> = {
  name: '',
  parse: (value) =>
    value === 'true' || value === 'false'
      ? { value: value === 'true' }
      : { problem: 'must be true or false' },
  text: String,
  schema: { type: 'boolean' },
};

/** One of a closed list of words. */
export function choice<const T extends string>(...words: readonly T[]): ValueType<T> {
  return {
    name: words.join('|'),
    parse: (value) => {
      const word = words.find((known) => known === value);
      return word === undefined
        ? { problem: `must be one of ${words.join(', ')}` }
        : { value: word };
    },
    text: (value) => value,
    schema: { enum: words },
  };
}

/** A whole number within bounds. */
export function count(least: number, most: number): ValueType<number> {
  return {
    name: 'number',
    parse: (value) => {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      return number >= least && number <= most
        ? { value: number }
        : { problem: `must be a whole number from ${least} to ${most}` };
    },
    text: String,
    schema: { type: 'integer', minimum: least, maximum: most },
  };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};
const DURATION = /^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|[smhdwy]))+$/;
const DURATION_PART = /(\d+\.?\d*|\.\d+)([a-zµ]+)/g;
const LONGEST_TEXT = 100;

/** A duration as Prometheus and Go write it, in ms: `15d`, `1h30m`, `0s`. */
export function duration(leastMs: number, mostMs: number): ValueType<number> {
  return {
    name: 'duration',
    parse: (given) => {
      const isDuration = given.length <= LONGEST_TEXT && DURATION.test(given);
      if (!isDuration && given !== '0') {
        return { problem: 'must be a duration such as 15d, 1h30m or 500ms' };
      }
      let ms = 0;
      for (const [, digits, unit] of given.matchAll(DURATION_PART)) {
        ms += Number(digits) * UNIT_MS[unit!]!;
      }
      return ms >= leastMs && ms <= mostMs
        ? { value: ms }
        : { problem: `must be from ${durationText(leastMs)} to ${durationText(mostMs)}` };
    },
    text: durationText,
    // YAML makes a number of `0`, the only one that is a duration.
    schema: {
      type: ['string', 'integer'],
      pattern: `${DURATION.source}|^0$`,
      minimum: 0,
      maximum: 0,
    },
  };
}

const SHOWN_UNITS = ['d', 'h', 'm', 's', 'ms'] as const;

/** A duration in ms as a text: `1h30m`. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s';
  let rest = ms;
  let shown = '';
  for (const unit of SHOWN_UNITS) {
    const whole = Math.floor(rest / UNIT_MS[unit]!);
    if (whole === 0) continue;
    shown += `${whole}${unit}`;
    rest -= whole * UNIT_MS[unit]!;
  }
  return shown === '' ? `${Math.round(ms * 1e6)}ns` : shown;
}

// As Prometheus: a thousand is 1 024, with or without the i.
const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1024,
  KIB: 1024,
  MB: 1024 ** 2,
  MIB: 1024 ** 2,
  GB: 1024 ** 3,
  GIB: 1024 ** 3,
};

/** A size in bytes: `8MB`, `512KB`. */
export function size(least: number, most: number): ValueType<number> {
  return {
    name: 'size',
    parse: (given) => {
      const [, digits, unit] = /^(\d{1,12})([kmg]?i?b)$/i.exec(given) ?? [];
      const factor = UNIT_BYTES[unit?.toUpperCase() ?? ''];
      if (factor === undefined) return { problem: 'must be a size such as 8MB or 512KB' };
      const bytes = Number(digits) * factor;
      return bytes >= least && bytes <= most
        ? { value: bytes }
        : { problem: `must be from ${sizeText(least)} to ${sizeText(most)}` };
    },
    text: sizeText,
    schema: { type: 'string', pattern: '^[0-9]+([kKmMgG]?[iI]?[bB])$' },
  };
}

/** A size in bytes as a text: `8MB`. */
function sizeText(bytes: number): string {
  for (const unit of ['GB', 'MB', 'KB']) {
    const factor = UNIT_BYTES[unit]!;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}B`;
}
