import { type Document, isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Place, ProblemSink } from './problems.ts';
import { type ParsedYaml, parseYaml } from './yaml-text.ts';

/** One value in the file, with the name by which problems call it. */
export interface YamlField {
  /** Such as `tls_server_config.min_version`. */
  readonly path: string;
  readonly node: unknown;
  readonly place: Place | undefined;
}

const MOST_ALIASES = 100;
// Go's YAML library takes these for null, true and false; plain ones only, quoted they are strings.
const NULLS: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...forms(true, 'y', 'yes', 'true', 'on'),
  ...forms(false, 'n', 'no', 'false', 'off'),
]);

function* forms(value: boolean, ...words: readonly string[]): Iterable<[string, boolean]> {
  for (const word of words) {
    const capital = word[0]!.toUpperCase() + word.slice(1);
    for (const form of [word, capital, word.toUpperCase()]) yield [form, value];
  }
}

/**
 * Reads the fields of a YAML file as Go's library does: a field's type decides what its text means,
 * so that `no` may be a user and `on` a boolean. What does not fit becomes a problem with its line.
 */
export class YamlFields {
  /** The whole file. */
  readonly root: YamlField;
  readonly #document: Document | undefined;
  readonly #problems: ProblemSink;
  readonly #placeOf: ParsedYaml['placeOf'];
  #aliases = 0;

  /**
   * Parses a text; what is no YAML becomes problems, and then `root` is as if the file were empty.
   */
  constructor(text: string, problems: ProblemSink) {
    this.#problems = problems;
    const { document, placeOf } = parseYaml(text, problems);
    this.#document = document;
    this.#placeOf = placeOf;
    this.root = this.#field('the file', this.#document?.contents);
  }

  /** Notes a problem of a field. */
  problem(field: YamlField, text: string, cause?: unknown): void {
    this.#problems.add(field.place, `${field.path} ${text}`, cause);
  }

  /** Whether a field is absent, empty or null: Go leaves the default then. */
  isNull(field: YamlField | undefined): field is undefined {
    const node = field?.node ?? null;
    return node === null || (isPlain(node) && NULLS.has(String(node.value)));
  }

  /** The entries of a map by key; none for null. */
  entries(field: YamlField | undefined): ReadonlyMap<string, YamlField> {
    const entries = new Map<string, YamlField>();
    if (this.isNull(field)) return entries;
    const { path, node } = this.#resolve(field);
    if (!isMap(node)) {
      this.problem(field, 'must be a map of names to values');
      return entries;
    }
    for (const { key, value } of node.items) {
      const at = this.#field(path, key);
      const name = this.text(at);
      if (name === undefined) continue;
      if (entries.has(name)) this.problem(at, 'has this name a second time; remove one of them');
      const inner = path === this.root.path ? name : `${path}.${name}`;
      // A field is looked for where its key stands: a value may be empty, or stand elsewhere as an
      // anchor.
      entries.set(name, { path: inner, node: value, place: at.place });
    }
    return entries;
  }

  /** The entries of a map of which every key must be known. */
  known(field: YamlField | undefined, names: readonly string[]): ReadonlyMap<string, YamlField> {
    const entries = this.entries(field);
    for (const [name, entry] of entries) {
      if (names.includes(name)) continue;
      const merge = name === '<<' ? 'is a merge key, which is not supported; write it out' : '';
      this.problem(
        { ...entry, path: quoted(entry.path) },
        merge || `is not a field; the fields there are ${names.join(', ')}`,
      );
    }
    return entries;
  }

  /** The items of a list; undefined when it is null. */
  list(field: YamlField | undefined): readonly YamlField[] | undefined {
    if (this.isNull(field)) return undefined;
    const { path, node } = this.#resolve(field);
    if (isSeq(node)) return node.items.map((item, i) => this.#field(`${path}[${i}]`, item));
    this.problem(field, 'must be a list');
    return [];
  }

  /** The text of a scalar, whatever else it could mean; '' for null. */
  text(field: YamlField): string | undefined {
    const { node } = this.#resolve(field);
    if (this.isNull({ ...field, node })) return '';
    if (isScalar(node) && typeof node.value === 'string') return node.value;
    this.problem(field, 'must be a string');
    return undefined;
  }

  /**
   * The text of a scalar that is neither quoted nor null; undefined for all others, without a
   * problem.
   */
  plain(field: YamlField): string | undefined {
    const { node } = this.#resolve(field);
    return isPlain(node) && typeof node.value === 'string' ? node.value : undefined;
  }

  /** A boolean, or what holds without one. */
  boolean(field: YamlField | undefined, otherwise: boolean): boolean {
    if (this.isNull(field)) return otherwise;
    const value = BOOLEANS.get(this.plain(field) ?? '');
    if (value === undefined) this.problem(field, 'must be true or false, without quotes');
    return value ?? otherwise;
  }

  #field(path: string, node: unknown): YamlField {
    const start = rangeStart(node);
    return { path, node, place: start === undefined ? undefined : this.#placeOf(start) };
  }

  /**
   * Follows an alias. Each search for an anchor goes through the file, so their number is bounded.
   */
  #resolve(field: YamlField): YamlField {
    const { node } = field;
    if (!isAlias(node) || this.#document === undefined) return field;
    if (++this.#aliases > MOST_ALIASES) {
      if (this.#aliases === MOST_ALIASES + 1) this.problem(field, 'is one alias too many');
      return { ...field, node: undefined };
    }
    return { ...field, node: node.resolve(this.#document) };
  }
}

/** A name from the file as a problem quotes it: short, on one line. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}

function isPlain(node: unknown): node is { readonly value: unknown } {
  return isScalar(node) && node.type === 'PLAIN' && node.tag === undefined;
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined;
  return Array.isArray(node.range) && typeof node.range[0] === 'number' ? node.range[0] : undefined;
}
