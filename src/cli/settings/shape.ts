import type { ValueType } from './value-types.ts';

// The shape of a configuration: one description of which flags, variables of the environment, the
// file, help, the documents and the JSON Schema are made.

/** A single value; undefined as its default means that it may be absent. */
export interface Leaf<V> {
  readonly kind: 'leaf';
  /** One sentence. */
  readonly help: string;
  readonly type: ValueType<Exclude<V, undefined>>;
  readonly default: V;
  /** The flag, without dashes, that overrides the key; its variable follows from it. */
  readonly flag?: string;
  /** Whether it may not be shown. */
  readonly isSecret?: boolean;
  /** Whether a change needs a restart. */
  readonly isFixed?: boolean;
  /** Whether it must be given. */
  readonly isRequired?: boolean;
}

/** Named settings. */
export interface Group<V> {
  readonly kind: 'group';
  readonly help: string;
  readonly fields: { readonly [K in keyof V]-?: NodeOf<V[K]> };
  /** Says what is wrong with the values together; the text begins behind the key. */
  check?(values: V): string | undefined;
}

/** Any number of settings of one shape. */
export interface List<I> {
  readonly kind: 'list';
  readonly help: string;
  readonly item: NodeOf<I>;
  /** What holds if it is not given. Default: nothing. */
  readonly default?: readonly I[];
}

/** Settings of one shape by names that the user gives. */
export interface Names<I> {
  readonly kind: 'names';
  readonly help: string;
  readonly item: NodeOf<I>;
  /** Says what is wrong with a name. */
  checkName(name: string): string | undefined;
}

/** The part of a configuration that gives values of a type. */
export type NodeOf<V> = [V] extends [readonly (infer I)[]]
  ? List<I>
  : [V] extends [ReadonlyMap<string, infer I>]
    ? Names<I>
    : [V] extends [object]
      ? Group<V>
      : Leaf<V>;

/** A part of a configuration, whatever it gives. */
export type Node = Leaf<unknown> | AnyGroup | AnyList | AnyNames;

/** A group, whatever it gives. */
export interface AnyGroup {
  readonly kind: 'group';
  readonly help: string;
  readonly fields: Readonly<Record<string, Node>>;
  check?(values: unknown): string | undefined;
}

/** A list, whatever it gives. */
export interface AnyList {
  readonly kind: 'list';
  readonly help: string;
  readonly item: Node;
  readonly default?: readonly unknown[];
}

/** Settings by names, whatever they give. */
export interface AnyNames {
  readonly kind: 'names';
  readonly help: string;
  readonly item: Node;
  checkName(name: string): string | undefined;
}

/** The flags that have no key, by their names. */
export type FlagsOf<V> = { readonly [K in keyof V]-?: NodeOf<V[K]> };

type LeafOptions = Pick<Leaf<unknown>, 'flag' | 'isFixed' | 'isSecret'>;

/** A value that has a default. */
export function leaf<T>(
  type: ValueType<T>,
  standard: T,
  help: string,
  options: LeafOptions = {},
): Leaf<T> {
  return { kind: 'leaf', type, default: standard, help, ...options } as Leaf<T>;
}

/** A value that may be absent. */
export function optional<T>(
  type: ValueType<T>,
  help: string,
  options: LeafOptions = {},
): Leaf<T | undefined> {
  return { kind: 'leaf', type, default: undefined, help, ...options } as Leaf<T | undefined>;
}

/** A value that must be given. */
export function required<T>(type: ValueType<T>, help: string, options: LeafOptions = {}): Leaf<T> {
  return { kind: 'leaf', type, default: undefined, help, isRequired: true, ...options } as Leaf<T>;
}

/** A group of settings. */
export function group<V>(
  help: string,
  fields: Group<V>['fields'],
  check?: Group<V>['check'],
): Group<V> {
  return { kind: 'group', help, fields, ...(check === undefined ? {} : { check }) };
}

/** A list of settings. */
export function list<I>(help: string, item: NodeOf<I>, standard?: readonly I[]): List<I> {
  return { kind: 'list', help, item, ...(standard === undefined ? {} : { default: standard }) };
}

/** Settings by names. */
export function names<I>(
  help: string,
  item: NodeOf<I>,
  checkName: Names<I>['checkName'] = () => undefined,
): Names<I> {
  return { kind: 'names', help, item, checkName };
}
