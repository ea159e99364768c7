import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { DriverFrame } from './driver.ts';
import type { EntryReader } from './driver-reading.ts';

type Records = DriverFrame['records'];

// So many are read at once; more as they are iterated, so that they do not hold the event loop.
const FEW = 256;

/**
 * The metadata of families as it was read last. A driver that returns the same map, and a cache
 * that is given the same array, save work.
 */
export class KeptFamilies {
  readonly #reader: EntryReader;
  #records: Records | undefined;
  #families: readonly FamilyMetadata[] = [];

  constructor(reader: EntryReader) {
    this.#reader = reader;
  }

  /** All metadata in a frame's records. */
  all(records: Records): readonly FamilyMetadata[] {
    if (records !== this.#records) for (const _ of this.#read(records));
    return this.#families;
  }

  /** All metadata; if it is much and not kept yet, it is read as it is iterated. */
  inSteps(records: Records): Iterable<FamilyMetadata> {
    if (records === this.#records || records.size <= FEW) return this.all(records);
    return { [Symbol.iterator]: () => this.#read(records) };
  }

  *#read(records: Records): Generator<FamilyMetadata, void, undefined> {
    const families: FamilyMetadata[] = [];
    for (const family of this.#reader.families(records)) {
      families.push(family);
      yield family;
    }
    this.#families = Object.freeze(families);
    this.#records = records;
  }
}
