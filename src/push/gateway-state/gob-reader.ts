import { GobBytes, GobFault } from './gob-bytes.ts';
import { BUILT_IN, type GobType, readDefinition, readStruct } from './gob-types.ts';

/**
 * A value of a gob stream. A type that encodes itself is the bytes that it wrote; a struct is its
 * fields by name, without those that are zero; a map is its entries.
 */
export type GobValue =
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | readonly GobValue[]
  | ReadonlyMap<GobValue, GobValue>;

// Deeper values can be told, but not by any program that we know.
const DEEPEST = 32;

/**
 * Reads the first value of a gob stream, the encoding of Go's package `encoding/gob`, with all
 * types that it defines. Time and memory are in proportion to the bytes.
 *
 * @throws GobFault if the bytes are no such stream.
 */
export function readGob(stream: Uint8Array): GobValue {
  const bytes = new GobBytes(stream);
  const types = new Map<number, GobType>();
  for (;;) {
    const end = bytes.count() + bytes.at;
    const id = bytes.smallSigned();
    if (id >= 0) return new ValueReader(bytes, types).topLevel(id);
    types.set(-id, readDefinition(bytes));
    if (bytes.at !== end) throw new GobFault('a definition that does not end where it says');
  }
}

/** Reads values of the types that a stream has defined so far. */
class ValueReader {
  readonly #bytes: GobBytes;
  readonly #types: ReadonlyMap<number, GobType>;

  constructor(bytes: GobBytes, types: ReadonlyMap<number, GobType>) {
    this.#bytes = bytes;
    this.#types = types;
  }

  /** What is no struct has a zero in front if it stands alone. */
  topLevel(id: number): GobValue {
    if (this.#types.get(id)?.kind !== 'struct' && this.#bytes.unsigned() !== 0n) {
      throw new GobFault('a value without the zero in front');
    }
    return this.#read(id, 0);
  }

  #read(id: number, depth: number): GobValue {
    if (depth > DEEPEST) throw new GobFault('values that are nested too deeply');
    const type = this.#types.get(id);
    if (type === undefined) return this.#readBuiltIn(id);
    const bytes = this.#bytes;
    switch (type.kind) {
      case 'opaque':
        return bytes.counted();
      case 'struct': {
        const fields = new Map<GobValue, GobValue>();
        readStruct(bytes, (number) => {
          const field = type.fields[number - 1];
          if (field === undefined) throw new GobFault('a field that its struct has not');
          fields.set(field.name, this.#read(field.type, depth + 1));
        });
        return fields;
      }
      case 'map': {
        const entries = new Map<GobValue, GobValue>();
        for (let left = bytes.count(); left > 0; left--) {
          const key = this.#read(type.key, depth + 1);
          entries.set(key, this.#read(type.element, depth + 1));
        }
        return entries;
      }
      case 'list':
        return Array.from({ length: bytes.count() }, () => this.#read(type.element, depth + 1));
    }
  }

  #readBuiltIn(id: number): GobValue {
    const bytes = this.#bytes;
    switch (id) {
      case BUILT_IN.boolean:
        return bytes.unsigned() !== 0n;
      case BUILT_IN.signed:
        return bytes.signed();
      case BUILT_IN.unsigned:
        return bytes.unsigned();
      case BUILT_IN.float:
        return bytes.float();
      case BUILT_IN.bytes:
        return bytes.counted();
      case BUILT_IN.string:
        return bytes.counted().toString();
      case BUILT_IN.complex:
        return [bytes.float(), bytes.float()];
      default:
        throw new GobFault(`a value of the unknown type ${id}`);
    }
  }
}
