import { SnapscrapeError } from '../../model/errors.ts';
import { catalogFamilies, type FamilyMetadata } from '../../model/family-metadata.ts';
import { isMetricName } from '../../model/key/index.ts';
import { describeSubject } from '../../model/rejection.ts';
import type { DataSet } from './data-set.ts';
import { SET_FAMILIES } from './data-set-scripts.ts';
import { SCHEMA } from './layout.ts';
import { forbiddenError, listOf, pairsOf, textOf, textsOf } from './replies.ts';
import type { OnForeign } from './stored-sample.ts';
import { newToken } from './token.ts';

const PER_CALL = 500;

/** The metadata of families in the store, read again only after some was set. */
export class FamilyRecords {
  readonly #dataSet: DataSet;
  readonly #onForeign: OnForeign;
  #version: string | undefined;
  #families: readonly FamilyMetadata[] = [];

  /** @param onForeign - is called with what is in the store and is no metadata. */
  constructor(dataSet: DataSet, onForeign: OnForeign) {
    this.#dataSet = dataSet;
    this.#onForeign = onForeign;
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
      const set = async (): Promise<boolean> => {
        const scriptKeys = [keys.meta, keys.families];
        const reply = textsOf(await calls.run('setFamilies', SET_FAMILIES, scriptKeys, args));
        if (reply[0] === 'forbidden') throw forbiddenError('setFamilies', reply[1]!);
        return reply[0] === 'ok';
      };
      if (await set()) continue;
      // It is gone, or of a newer schema: this makes it again, or rejects.
      await this.#dataSet.foundAnew('setFamilies');
      if (!(await set())) {
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
    const families: FamilyMetadata[] = [];
    for (const [field, text] of texts) {
      const family = parseFamily(field, text);
      if (family !== undefined) families.push(Object.freeze(family));
      else {
        const reason = isMetricName(field) ? 'not_a_point' : 'invalid_name';
        this.#onForeign(reason, `metadata of ${describeSubject(field)}`);
      }
    }
    return families;
  }
}

/** Reads metadata; undefined if it is not exactly what this package writes. */
function parseFamily(field: string, text: string): FamilyMetadata | undefined {
  try {
    const { byName, faults } = catalogFamilies([JSON.parse(text)]);
    return faults.length === 0 ? byName.get(field) : undefined;
  } catch {
    return undefined;
  }
}
