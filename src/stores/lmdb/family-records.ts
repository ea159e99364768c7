import type { Database } from 'lmdb';
import type { FamilyMetadata } from '../../model/family-metadata.ts';
import type { Environment } from './environment.ts';
import { lmdbFailure } from './lmdb-failure.ts';
import type { OnRefused } from './point-reader.ts';
import type { ReadFrame } from './read-frame.ts';
import { type SeriesKey, seriesKey } from './series-key.ts';

// So few are read at once; more as they are iterated, so that they do not hold the event loop.
const FEW = 256;

/**
 * The families' metadata in a file. They are read again only after they were written: until then
 * the same frozen array is returned.
 */
export class FamilyRecords {
  readonly #environment: Environment;
  readonly #openFrame: () => ReadFrame;
  readonly #onRefused: OnRefused;
  #kept: readonly FamilyMetadata[] | undefined;
  #keptVersion = Number.NaN;

  /**
   * @param openFrame - opens a frame of the state as it is now.
   * @param onRefused - called with records that are no metadata; they are left out.
   */
  constructor(environment: Environment, openFrame: () => ReadFrame, onRefused: OnRefused) {
    this.#environment = environment;
    this.#openFrame = openFrame;
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

  /** All metadata; many are read as they are iterated, each time in a frame of its own. */
  read(): Iterable<FamilyMetadata> {
    const { state, families } = this.#environment;
    const frame = this.#openFrame();
    try {
      const version = state.familyVersion(frame.transaction);
      if (this.#kept !== undefined && version === this.#keptVersion) return this.#kept;
      if (entriesOf(families) > FEW) return { [Symbol.iterator]: () => this.#readAll() };
    } catch (cause) {
      throw lmdbFailure('read', this.#environment.path, cause);
    } finally {
      frame.close();
    }
    for (const _ of this.#readAll());
    return this.#kept!;
  }

  *#readAll(): Generator<FamilyMetadata, void, undefined> {
    const { families, state, path } = this.#environment;
    const frame = this.#openFrame();
    const { transaction } = frame;
    const read: FamilyMetadata[] = [];
    try {
      const version = state.familyVersion(transaction);
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
