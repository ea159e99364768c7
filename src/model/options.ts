import { SnapscrapeError } from './errors.ts';
import type { SnapshotReader } from './snapshot-reader.ts';

/** The longest delay of a Node timer, in ms; a longer one would fire at once. */
export const LONGEST_TIMER = 2_147_483_647;

/** Options with every value in place; those that `Unset` names may stay undefined. */
export type Checked<T, Unset extends keyof T = never> = {
  readonly [K in keyof T]-?: K extends Unset ? T[K] : NonNullable<T[K]>;
};

/** Says what is wrong with a value and how to right it, or nothing when it is sound. */
export type OptionCheck = (value: unknown) => string | undefined;

/** A duration or count: a finite or infinite number within bounds. */
export function numberWithin(least: number, most: number, unit: string): OptionCheck {
  return (value) =>
    typeof value === 'number' && value >= least && value <= most
      ? undefined
      : `must be a number of ${unit} from ${least} to ${most}`;
}

/** A whole number within bounds; `Infinity` where the upper bound is infinite. */
export function integerWithin(least: number, most: number, unit: string): OptionCheck {
  return (value) =>
    typeof value === 'number' &&
    (Number.isInteger(value) || value === most) &&
    value >= least &&
    value <= most
      ? undefined
      : `must be a whole number of ${unit} from ${least} to ${most}`;
}

/** One of a closed list of strings. */
export function oneOf(...allowed: readonly string[]): OptionCheck {
  return (value) =>
    typeof value === 'string' && allowed.includes(value)
      ? undefined
      : `must be one of ${allowed.map((a) => `'${a}'`).join(', ')}`;
}

/** True or false. */
export const isBoolean: OptionCheck = (value) =>
  typeof value === 'boolean' ? undefined : 'must be true or false';

/** A function. */
export const isFunction: OptionCheck = (value) =>
  typeof value === 'function' ? undefined : 'must be a function';

/** A name for a label value: from 1 to 100 of the characters `A-Z a-z 0-9 _ . : -`. */
export const isShortName: OptionCheck = (value) =>
  typeof value === 'string' && /^[\w.:-]{1,100}$/.test(value)
    ? undefined
    : 'must be a name of 1 to 100 letters, digits and _ . : -';

/**
 * Checks options that came from outside and fills in defaults: the only place where either is done.
 *
 * An option that is absent or `undefined` takes its default. All faults are reported together in
 * one `invalid_options` error, unknown options too. The result is frozen.
 *
 * @param owner - the function or class that the options are for, named in the error.
 */
export function checkOptions<T extends object>(
  owner: string,
  given: unknown,
  defaults: T,
  checks: { readonly [K in keyof T]-?: OptionCheck },
): Readonly<T> {
  if (given === undefined) return Object.freeze({ ...defaults });
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalidOptions(owner, ['options must be an object']);
  }
  const faults: string[] = [];
  const checked: T = { ...defaults };
  const known = new Map<string, OptionCheck>(Object.entries(checks));
  const optionNames = [...known.keys()].join(', ');
  for (const [name, value] of Object.entries(given)) {
    const check = known.get(name);
    if (check === undefined) {
      faults.push(`unknown option ${JSON.stringify(name)}; the options are ${optionNames}`);
      continue;
    }
    const fault = value === undefined ? undefined : check(value);
    if (fault !== undefined) faults.push(`${name} (${describeValue(value)}) ${fault}`);
    else if (value !== undefined) checked[name as keyof T] = value as T[keyof T];
  }
  if (faults.length > 0) throw invalidOptions(owner, faults);
  return Object.freeze(checked);
}

/** The error that lists every fault of some options. */
export function invalidOptions(owner: string, faults: readonly string[]): SnapscrapeError {
  return new SnapscrapeError('invalid_options', `${owner}: ${faults.join('; ')}`);
}

/** Whether a value has what every snapshot reader has. */
export function isReader(value: unknown): value is SnapshotReader {
  return typeof (value as Partial<SnapshotReader> | null | undefined)?.snapshot === 'function';
}

/** Throws `invalid_options` if an argument is no snapshot reader. */
export function assertReader(owner: string, value: unknown, argument = 'reader'): void {
  if (isReader(value)) return;
  throw invalidOptions(owner, [
    `${argument} must be a snapshot reader: an object with a snapshot() method`,
  ]);
}

function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (typeof value === 'object' || typeof value === 'function')
    return value === null ? 'null' : typeof value;
  return String(value);
}
