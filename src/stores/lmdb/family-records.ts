import type { Database } from 'lmdb';
import type { FamilyMetadata } from '../../model/family-metadata.ts';
import type { Environment } from './environment.ts';
import { lmdbFailure } from './lmdb-failure.ts';
import type { OnRefused } from './point-reader.ts';
import type { ReadFrame } from './read-frame.ts';
import { type SeriesKey, seriesKey } from './series-key.ts';

// So few are read at once; more as they are iterated, so that it holds nobody up.
const FEW = 256;

/**
 * The families' metadata in a file. They are read again only after they were written: until then the same
 * frozen array is returned.
 */
export class FamilyRecords {
  readonly #environment: Environment;
  readonly #onRefused: OnRefused;
  #kept: readonly FamilyMetadata[] | undefined;
  #keptVersion = Number.NaN;

  /** @param onRefused - told of records that are no metadata; they are left out. */
  constructor(environment: Environment, onRefused: OnRefused) {
    this.#environment = environment;
    this.#onRefused = onRefused;
  }

  /** Puts metadata, within a write transaction. */
  put(families: ReadonlyMap<string, FamilyMetadata>): void {
    const { families: records, state } = this.#environment;
    for (const [name, family] of families) {
      records.putSync(seriesKey(name), Buffer.from(JSON.stringify(family)));
    }
    state.writeFamilyVersion(state.familyVersion() + 1);
  }

  /** All metadata in a frame, which is closed once it was read. */
  read(frame: ReadFrame): Iterable<FamilyMetadata> {
    const { state, families } = this.#environment;
    const version = state.familyVersion(frame.transaction);
    if (this.#kept !== undefined && version === this.#keptVersion) {
      frame.close();
      return this.#kept;
    }
    const count = entriesOf(families);
    const all = { [Symbol.iterator]: () => this.#readAll(frame, version) };
    if (count > FEW) return all;
    for (const _ of all);
    return this.#kept!;
  }

  *#readAll(frame: ReadFrame, version: number): Generator<FamilyMetadata, void, undefined> {
    const { families, path } = this.#environment;
    const { transaction } = frame;
    const read: FamilyMetadata[] = [];
    try {
      frame.assertOpen();
      for (const { key, value } of families.getRange({ transaction })) {
        const family = parsed(value);
        if (family === undefined) this.#onRefused('not_a_point', String(key).slice(0, 200));
        else {
          read.push(family);
          yield family;
        }
        frame.assertOpen();
      }
      this.#kept = Object.freeze(read);
      this.#keptVersion = version;
    } catch (cause) {
      throw lmdbFailure('read', path, cause);
    } finally {
      frame.close();
    }
  }
}

function entriesOf(families: Database<Buffer, SeriesKey>): number {
  return (families.getStats() as { readonly entryCount: number }).entryCount;
}

function parsed(value: Buffer): FamilyMetadata | undefined {
  try {
    const family: unknown = JSON.parse(value.toString());
    const isObject = typeof family === 'object' && family !== null;
    return isObject ? (Object.freeze(family) as FamilyMetadata) : undefined;
  } catch {
    return undefined;
  }
}
