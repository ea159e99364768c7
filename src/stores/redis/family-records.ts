import { SnapscrapeError } from '../../model/errors.ts';
import type { DataSet } from './data-set.ts';
import { SET_FAMILIES } from './data-set-scripts.ts';
import { forbiddenError, textOf, textsOf } from './replies.ts';
import { newToken } from './token.ts';

const PER_CALL = 500;
const NONE: ReadonlyMap<string, string> = new Map();

/** The metadata of families in the store, read again only after some was set. */
export class FamilyRecords {
  readonly #dataSet: DataSet;
  #version: string | undefined;
  #records: ReadonlyMap<string, string> = new Map();

  constructor(dataSet: DataSet) {
    this.#dataSet = dataSet;
  }

  /** Sets records: metadata as JSON by name; undefined removes it. */
  async set(records: ReadonlyMap<string, string | undefined>): Promise<void> {
    const { calls, keys, lease } = this.#dataSet;
    let { schema } = await this.#dataSet.found('setFamilies');
    await lease?.fence('setFamilies', this.#dataSet);
    const fields = [...records].flatMap(([name, text = '']) => [name, text]);
    for (let from = 0; from < fields.length; from += 2 * PER_CALL) {
      const set = async (): Promise<boolean> => {
        const some = fields.slice(from, from + 2 * PER_CALL);
        const args = [newToken(), String(schema), ...some];
        const scriptKeys = [keys.meta, keys.families];
        const reply = textsOf(await calls.run('setFamilies', SET_FAMILIES, scriptKeys, args));
        if (reply[0] === 'forbidden') throw forbiddenError('setFamilies', reply[1]!);
        return reply[0] === 'ok';
      };
      if (await set()) continue;
      // It is gone, or of another schema: this makes it again, or rejects.
      ({ schema } = await this.#dataSet.foundAnew('setFamilies'));
      if (!(await set())) {
        throw new SnapscrapeError(
          'store_unavailable',
          'RedisStore could not setFamilies(): the data set was removed meanwhile; set them again',
        );
      }
    }
  }

  /** The version of the records; undefined before any were set. One round trip. */
  async version(): Promise<string | undefined> {
    const { calls, keys } = this.#dataSet;
    const reply = await calls.read('families', keys.meta, ['HGET', keys.meta, 'families']);
    return reply === null ? undefined : textOf(reply);
  }

  /**
   * All records: the same map until some are set.
   *
   * @param version - as it is now. Records that are set meanwhile are read again the next time.
   */
  async all(version: string | undefined): Promise<ReadonlyMap<string, string>> {
    if (version === undefined) return NONE;
    const { calls, keys } = this.#dataSet;
    if (version !== this.#version) {
      this.#records = await calls.readHash('families', keys.families, PER_CALL);
    }
    this.#version = version;
    return this.#records;
  }
}
