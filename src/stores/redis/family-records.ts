import { SnapscrapeError } from '../../model/errors.ts';
import { catalogFamilies, type FamilyMetadata } from '../../model/family-metadata.ts';
import type { DataSet } from './data-set.ts';
import { SET_FAMILIES } from './data-set-scripts.ts';
import { SCHEMA } from './layout.ts';
import { countOf, listOf, pairsOf, textOf } from './replies.ts';
import { newToken } from './token.ts';

const PER_CALL = 500;

/** The metadata of families in the store, read again only when somebody has set some. */
export class FamilyRecords {
  readonly #dataSet: DataSet;
  #version: string | undefined;
  #families: readonly FamilyMetadata[] = [];

  constructor(dataSet: DataSet) {
    this.#dataSet = dataSet;
  }

  /** Sets metadata that was checked. */
  async set(families: Iterable<FamilyMetadata>): Promise<void> {
    const { calls, keys, lease } = this.#dataSet;
    await this.#dataSet.found('setFamilies');
    const schema = String(SCHEMA);
    await lease?.fence('setFamilies', this.#dataSet);
    const fields = [...families].flatMap((family) => [family.name, JSON.stringify(family)]);
    for (let from = 0; from < fields.length; from += 2 * PER_CALL) {
      const args = [newToken(), schema, ...fields.slice(from, from + 2 * PER_CALL)];
      const set = (): Promise<unknown> =>
        calls.run('setFamilies', SET_FAMILIES, [keys.meta, keys.families], args);
      if (countOf(await set()) === 1) continue;
      // It is gone, or of a newer schema: this makes it again, or rejects.
      await this.#dataSet.foundAnew('setFamilies');
      if (countOf(await set()) !== 1) {
        throw new SnapscrapeError(
          'store_unavailable',
          'RedisStore could not setFamilies(): the data set was removed meanwhile; set them again',
        );
      }
    }
  }

  /** All metadata; one round trip where nothing was set since. */
  async all(): Promise<readonly FamilyMetadata[]> {
    const { calls, keys } = this.#dataSet;
    const args = ['HGET', keys.meta, 'families'];
    const reply = await calls.read('families', keys.meta, args);
    // The version before the metadata: what is set in between is read again the next time.
    const version = reply === null ? undefined : textOf(reply);
    if (version === undefined) return [];
    if (version === this.#version) return this.#families;
    this.#families = await this.#read();
    this.#version = version;
    return this.#families;
  }

  async #read(): Promise<readonly FamilyMetadata[]> {
    const { calls, keys } = this.#dataSet;
    // By name: a hash that is resized while it is scanned may show a field twice.
    const texts = new Map<string, string>();
    for (let from = '0'; ; ) {
      const args = ['HSCAN', keys.families, from, 'COUNT', String(PER_CALL)];
      const [after, items] = listOf(await calls.read('families', keys.families, args), 2);
      const fields = pairsOf(items);
      for (let i = 0; i < fields.length; i += 2) texts.set(fields[i]!, fields[i + 1]!);
      from = textOf(after);
      if (from === '0') break;
    }
    // Others write there too: what is no metadata is left out.
    const { byName } = catalogFamilies([...texts.values()].map(parse));
    return [...byName.values()].map((family) => Object.freeze(family));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
