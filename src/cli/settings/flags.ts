import { parseArgs } from 'node:util';
import { type Problem, UsageError } from './problems.ts';
import type { AnyGroup, FlagsOf, Group, Leaf, Node } from './shape.ts';
import { suggestionFor } from './suggestion.ts';
import { BOOLEAN } from './value-types.ts';

/** A flag of a command. */
export interface Flag {
  /** Without dashes: `web.listen-address`. */
  readonly name: string;
  /** The value it gives. Of a flag that is repeated: of each time. */
  readonly leaf: Leaf<unknown>;
  /** The variable that gives it too. */
  readonly variable: string;
  /** Whether it may be given several times; of its variable, the parts between commas. */
  readonly isRepeatable: boolean;
  /** What holds if a flag that can be repeated is not given. */
  readonly standard?: readonly unknown[] | undefined;
  /** The key of the configuration file that it overrides: `storage.url`. */
  readonly key: string | undefined;
}

/** The texts that arguments or the environment give for each flag. */
export type FlagTexts = ReadonlyMap<string, readonly string[]>;

/** The name of the variable for a flag. */
function variableOf(flag: string): string {
  return `SNAPSCRAPE_${flag.replace(/\W/g, '_').toUpperCase()}`;
}

/** All flags of a command: those without keys, then those of keys of its file in its order. */
export function flagsOf<V, F>(root: Group<V> | undefined, own: FlagsOf<F>): readonly Flag[] {
  const ownFlags = Object.entries<Node>(own as Readonly<Record<string, Node>>).map(
    ([name, node]) => {
      const isRepeatable = node.kind === 'list';
      const leaf = (isRepeatable ? node.item : node) as Leaf<unknown>;
      const standard = node.kind === 'list' ? node.default : undefined;
      return { name, leaf, variable: variableOf(name), isRepeatable, key: undefined, standard };
    },
  );
  return root === undefined
    ? ownFlags
    : [...ownFlags, ...flagsOfKeys(root as unknown as AnyGroup, '')];
}

function flagsOfKeys({ fields }: AnyGroup, path: string): readonly Flag[] {
  return Object.entries(fields).flatMap(([field, node]) => {
    const key = `${path}${field}`;
    if (node.kind === 'group') return flagsOfKeys(node, `${key}.`);
    if (node.kind !== 'leaf' || node.flag === undefined) return [];
    const { flag: name } = node;
    return [{ name, leaf: node, variable: variableOf(name), isRepeatable: false, key }];
  });
}

/**
 * Reads arguments: `--flag=value`, `--flag value`, `--flag` and `--no-flag`.
 *
 * @throws UsageError for an unknown flag, with a suggestion, for an argument that is no flag, and
 *   for a value that is missing, not wanted or given twice.
 */
export function readArguments(flags: readonly Flag[], args: readonly string[]): FlagTexts {
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  const options = Object.fromEntries(
    flags.map(({ name, leaf }) => [name, { type: typeOf(leaf), multiple: true }] as const),
  );
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const texts = new Map<string, string[]>();
  const problems: Problem[] = [];
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    const read = token.kind === 'option' ? readOption(token, byName) : strayText(token.value);
    if (typeof read === 'string') problems.push({ place: undefined, text: read });
    else if ('text' in read) problems.push({ place: undefined, ...read });
    else {
      const given = texts.get(read.flag.name) ?? [];
      if (given.length > 0 && !read.flag.isRepeatable) {
        problems.push({ place: undefined, text: `--${read.flag.name} is given twice` });
      }
      texts.set(read.flag.name, [...given, read.value]);
    }
  }
  if (problems.length > 0) throw new UsageError(problems);
  return texts;
}

interface OptionToken {
  readonly rawName: string;
  readonly name: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

type ReadOption = { readonly flag: Flag; readonly value: string } | Omit<Problem, 'place'> | string;

function readOption(token: OptionToken, byName: ReadonlyMap<string, Flag>): ReadOption {
  const { rawName, name, value, inlineValue } = token;
  const flag = byName.get(name);
  if (flag !== undefined && typeOf(flag.leaf) === 'boolean') {
    return { flag, value: inlineValue === true ? (value ?? '') : 'true' };
  }
  if (flag !== undefined) {
    const isMissing = value === undefined || (inlineValue !== true && value.startsWith('--'));
    return isMissing
      ? `--${name} needs a value: --${name}=<${flag.leaf.type.name}>`
      : { flag, value };
  }
  const negated = byName.get(name.replace(/^no-/, ''));
  if (negated !== undefined && typeOf(negated.leaf) === 'boolean') {
    return inlineValue === true ? `${rawName} takes no value` : { flag: negated, value: 'false' };
  }
  const suggestion = suggestionFor(name, byName.keys());
  return {
    text: `unknown flag ${JSON.stringify(rawName)}`,
    suggestion: suggestion === undefined ? undefined : `--${suggestion}`,
  };
}

function strayText(value: string): string {
  return `unexpected argument ${JSON.stringify(value)}; flags begin with two dashes`;
}

function typeOf(leaf: Leaf<unknown>): 'boolean' | 'string' {
  return leaf.type === BOOLEAN ? 'boolean' : 'string';
}

/** Reads the variables of the flags. Others, and empty ones, are ignored. */
export function readEnvironment(
  flags: readonly Flag[],
  environment: Readonly<Record<string, string | undefined>>,
): FlagTexts {
  const texts = new Map<string, readonly string[]>();
  for (const { name, variable, isRepeatable } of flags) {
    const value = environment[variable];
    if (value === undefined || value === '') continue;
    texts.set(name, isRepeatable ? value.split(',').map((part) => part.trim()) : [value]);
  }
  return texts;
}
