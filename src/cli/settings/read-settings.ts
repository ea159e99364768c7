import { dirname } from 'node:path';
import type { Place, ProblemSink } from '../../web/problems.ts';
import type { YamlField, YamlFields } from '../../web/yaml-fields.ts';
import type { Flag, FlagTexts } from './flags.ts';
import { type Problem, UsageError } from './problems.ts';
import type { AnyGroup, AnyList, AnyNames, FlagsOf, Group, Leaf, Node } from './shape.ts';
import { suggestionFor } from './suggestion.ts';

/** What the user gave. */
export interface Given {
  readonly args: FlagTexts;
  readonly environment: FlagTexts;
  /** The configuration file; undefined without one. */
  readonly file: SettingsFile | undefined;
}

/** A configuration file that was read. */
export interface SettingsFile {
  readonly path: string;
  /** Parses its text. */
  fields(problems: ProblemSink): YamlFields;
}

/** Makes a configuration file of its text. Programs that have none do not load YAML. */
export async function settingsFile(path: string, text: string): Promise<SettingsFile> {
  const { YamlFields } = await import('../../web/yaml-fields.ts');
  return { path, fields: (problems) => new YamlFields(text, problems) };
}

/** A value that only a restart changes. */
export interface FixedValue {
  readonly text: string;
  readonly place: Place | undefined;
}

/** Settings that were read, and what is known of them by their keys. */
export interface ReadSettings<V> {
  readonly values: V;
  /** Those that only a restart changes. */
  readonly fixed: ReadonlyMap<string, FixedValue>;
  /** Where the file has each value, by keys such as `views[0].path`. */
  readonly places: ReadonlyMap<string, Place>;
}

/**
 * Reads settings by keys: a flag overrides its variable, that the file, and that the default.
 *
 * @throws UsageError with every problem; those of the file have their lines.
 */
export function readSettings<V>(
  root: Group<V>,
  flags: readonly Flag[],
  given: Given,
): ReadSettings<V> {
  const reading = new Reading(flags, given);
  const values = reading.group(root as unknown as AnyGroup, reading.root, '') as V;
  if (reading.problems.length > 0) throw new UsageError(reading.problems, given.file?.path);
  return { values, fixed: reading.fixed, places: reading.places };
}

/**
 * Reads the flags that have no key.
 *
 * @throws UsageError with what is wrong.
 */
export function readFlags<V>(flags: readonly Flag[], nodes: FlagsOf<V>, given: Given): V {
  const problems: Problem[] = [];
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  const values = Object.entries<Node>(nodes as Readonly<Record<string, Node>>).map(
    ([name, node]) => {
      const override = overrideOf(byName.get(name)!, given);
      const standard = 'default' in node ? node.default : [];
      if (override === undefined) return [name, standard] as const;
      const { leaf } = byName.get(name)!;
      const read = override.texts.map((text) => {
        // An empty path means no file, as in Prometheus's programs.
        if (text === '' && leaf.default === undefined) return undefined;
        const parsed = leaf.type.parse(text, process.cwd());
        if ('value' in parsed) return parsed.value;
        const subject = `${override.name} ${shown(leaf, text)}`;
        problems.push({ place: undefined, text: `${subject}${parsed.problem}` });
        return undefined;
      });
      return [name, node.kind === 'list' ? read : read[0]] as const;
    },
  );
  if (problems.length > 0) throw new UsageError(problems);
  return Object.fromEntries(values) as V;
}

interface Override {
  /** Where it comes from: `--log.level` or `SNAPSCRAPE_LOG_LEVEL`. */
  readonly name: string;
  readonly texts: readonly string[];
}

function overrideOf(flag: Flag, { args, environment }: Given): Override | undefined {
  const texts = args.get(flag.name);
  if (texts !== undefined) return { name: `--${flag.name}`, texts };
  const other = environment.get(flag.name);
  return other === undefined ? undefined : { name: flag.variable, texts: other };
}

/** A wrong value as an error shows it. */
function shown(leaf: Leaf<unknown>, text: string): string {
  return leaf.isSecret === true ? '' : `(${JSON.stringify(text.slice(0, 60))}) `;
}

class Reading {
  readonly problems: Problem[] = [];
  readonly fixed = new Map<string, FixedValue>();
  readonly places = new Map<string, Place>();
  readonly root: YamlField | undefined;
  readonly #overrides = new Map<string, Override>();
  readonly #fields: YamlFields | undefined;
  readonly #folder: string;

  constructor(flags: readonly Flag[], given: Given) {
    for (const flag of flags) {
      const override = overrideOf(flag, given);
      if (flag.key !== undefined && override !== undefined) this.#overrides.set(flag.key, override);
    }
    this.#folder = given.file === undefined ? process.cwd() : dirname(given.file.path);
    if (given.file === undefined) return;
    const add = (place: Place | undefined, text: string): void => {
      this.problems.push({ place, text });
    };
    this.#fields = given.file.fields({ add });
    this.root = this.#fields.root;
  }

  group(node: AnyGroup, field: YamlField | undefined, path: string): Record<string, unknown> {
    const entries = this.#entries(field);
    const known = Object.keys(node.fields);
    for (const [name, { place }] of entries) {
      if (known.includes(name)) continue;
      const suggestion = suggestionFor(name, known);
      const rest = suggestion === undefined ? `; the keys there are ${known.join(', ')}` : '';
      const text = `unknown key ${JSON.stringify(name.slice(0, 60))}${rest}`;
      this.problems.push({ place, text, suggestion, isUnknownKey: true });
    }
    const before = this.problems.length;
    const values = Object.fromEntries(
      Object.entries(node.fields).map(([name, child]) => {
        return [name, this.#node(child, entries.get(name), `${path}${name}`, field?.place)];
      }),
    );
    const problem = this.problems.length > before ? undefined : node.check?.(values);
    if (problem !== undefined) {
      const subject = path === '' ? '' : `${path.slice(0, -1)} `;
      this.problems.push({ place: field?.place, text: `${subject}${problem}` });
    }
    return values;
  }

  #node(node: Node, field: YamlField | undefined, path: string, outer: Place | undefined): unknown {
    if (node.kind === 'leaf') return this.#leaf(node, field, path, outer);
    if (node.kind === 'group') return this.group(node, field, `${path}.`);
    return node.kind === 'list' ? this.#list(node, field, path) : this.#names(node, field, path);
  }

  #list({ item }: AnyList, field: YamlField | undefined, path: string): readonly unknown[] {
    const items = field === undefined ? undefined : this.#fields?.list(field);
    return (items ?? []).map((inner, at) => {
      const place = inner.place ?? field?.place;
      return this.#node(item, { ...inner, place }, `${path}[${at}]`, place);
    });
  }

  #names(node: AnyNames, field: YamlField | undefined, path: string): Map<string, unknown> {
    const values = new Map<string, unknown>();
    for (const [name, inner] of this.#entries(field)) {
      const problem = node.checkName(name);
      const text = `${path} has ${JSON.stringify(name.slice(0, 60))}, which ${problem}`;
      if (problem !== undefined) this.problems.push({ place: inner.place, text });
      else values.set(name, this.#node(node.item, inner, `${path}.${name}`, inner.place));
    }
    return values;
  }

  #leaf(
    leaf: Leaf<unknown>,
    field: YamlField | undefined,
    path: string,
    outer: Place | undefined,
  ): unknown {
    const override = this.#overrides.get(path);
    const text = override === undefined ? this.#text(field) : override.texts[0];
    if (text === undefined) {
      if (leaf.isRequired === true)
        this.problems.push({ place: outer, text: `${path} is missing` });
      this.#noteFixed(path, leaf, leaf.default, undefined);
      return leaf.default;
    }
    const place = override === undefined ? field?.place : undefined;
    if (place !== undefined) this.places.set(path, place);
    const folder = override === undefined ? this.#folder : process.cwd();
    const parsed = leaf.type.parse(text, folder);
    if ('value' in parsed) {
      this.#noteFixed(path, leaf, parsed.value, place);
      return parsed.value;
    }
    const name = override?.name ?? path;
    this.problems.push({ place, text: `${name} ${shown(leaf, text)}${parsed.problem}` });
    return leaf.default;
  }

  /** Notes what only a restart changes; to say the default is no change. */
  #noteFixed(path: string, leaf: Leaf<unknown>, value: unknown, place: Place | undefined): void {
    if (leaf.isFixed !== true || value === undefined) return;
    this.fixed.set(path, { text: leaf.type.text(value), place });
  }

  #text(field: YamlField | undefined): string | undefined {
    if (field === undefined || this.#fields === undefined) return undefined;
    return this.#fields.isNull(field) ? undefined : this.#fields.text(field);
  }

  #entries(field: YamlField | undefined): ReadonlyMap<string, YamlField> {
    return field === undefined || this.#fields === undefined
      ? new Map()
      : this.#fields.entries(field);
  }
}
