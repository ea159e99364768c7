import { type GobBytes, GobFault } from './gob-bytes.ts';

/** A type that a stream defines. Other types are named by their ids. */
export type GobType =
  | { readonly kind: 'struct'; readonly fields: readonly GobField[] }
  | { readonly kind: 'map'; readonly key: number; readonly element: number }
  | { readonly kind: 'list'; readonly element: number }
  | { readonly kind: 'opaque' };

/** A field of a struct. */
interface GobField {
  readonly name: string;
  /** The id of its type. */
  readonly type: number;
}

/** Types that every stream has, without a definition. */
export const BUILT_IN = {
  boolean: 1,
  signed: 2,
  unsigned: 3,
  float: 4,
  bytes: 5,
  string: 6,
  complex: 7,
} as const;

/**
 * Reads the definition of a type: a struct with one field, whose number says what kind of type it
 * is. Only kinds that data can be read of are known here.
 *
 * @throws GobFault if it is of another kind.
 */
export function readDefinition(bytes: GobBytes): GobType {
  let type: GobType | undefined;
  readStruct(bytes, (kind) => {
    type = readKind(bytes, kind);
  });
  if (type === undefined) throw new GobFault('a type is defined without its kind');
  return type;
}

/** Reads the fields of a struct: each with its distance from the field before, until a zero. */
export function readStruct(bytes: GobBytes, readField: (number: number) => void): void {
  let number = 0;
  for (let distance = bytes.unsigned(); distance !== 0n; distance = bytes.unsigned()) {
    number += Number(distance);
    readField(number);
  }
}

/** The kinds of types by the number of their field in a definition. */
const KINDS: Readonly<Record<number, 'array' | 'slice' | 'struct' | 'map' | 'opaque'>> = {
  1: 'array',
  2: 'slice',
  3: 'struct',
  4: 'map',
  5: 'opaque',
  6: 'opaque',
  7: 'opaque',
};

function readKind(bytes: GobBytes, number: number): GobType {
  const kind = KINDS[number];
  if (kind === undefined) throw new GobFault(`a type of kind ${number}`);
  const ids: number[] = [];
  let fields: readonly GobField[] = [];
  readStruct(bytes, (field) => {
    // The first field of each kind is its name and id, which the definition has in front already.
    if (field === 1) readCommon(bytes);
    else if (kind === 'struct') fields = readFields(bytes);
    // Of an array the third is its length, which comes again with each value.
    else ids.push(bytes.smallSigned());
  });
  const [first = 0, second = 0] = ids;
  if (kind === 'struct') return { kind, fields };
  if (kind === 'map') return { kind, key: first, element: second };
  return kind === 'opaque' ? { kind } : { kind: 'list', element: first };
}

function readCommon(bytes: GobBytes): void {
  readStruct(bytes, (field) => {
    if (field === 1) bytes.counted();
    else bytes.signed();
  });
}

function readFields(bytes: GobBytes): readonly GobField[] {
  return Array.from({ length: bytes.count() }, () => {
    let name = '';
    let type = 0;
    readStruct(bytes, (field) => {
      if (field === 1) name = bytes.counted().toString();
      else type = bytes.smallSigned();
    });
    return { name, type };
  });
}
