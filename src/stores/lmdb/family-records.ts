import type { Transaction } from 'lmdb';
import type { Environment } from './environment.ts';
import { type SeriesKey, seriesKey } from './series-key.ts';

/** The families' metadata in a file, as texts. They are read again only after they were written. */
export class FamilyRecords {
  readonly #environment: Environment;
  #kept: ReadonlyMap<string, string> = new Map();
  #keptVersion = Number.NaN;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Puts texts by name, or removes them, within a write transaction. */
  put(texts: ReadonlyMap<string, string | undefined>): void {
    const { families, state } = this.#environment;
    for (const [name, text] of texts) {
      if (text === undefined) families.removeSync(seriesKey(name));
      else families.putSync(seriesKey(name), Buffer.from(text));
    }
    state.writeFamilyVersion(state.familyVersion() + 1);
  }

  /** All texts by name; the same map until they are written. */
  read(transaction: Transaction): ReadonlyMap<string, string> {
    const { families, state } = this.#environment;
    const version = state.familyVersion(transaction);
    if (version === this.#keptVersion) return this.#kept;
    const texts = new Map<string, string>();
    for (const { key, value } of families.getRange({ transaction })) {
      const text = value.toString();
      texts.set(nameOf(key, text), text);
    }
    this.#kept = texts;
    this.#keptVersion = version;
    return texts;
  }
}

// The key of a very long name is its beginning and a hash; the whole name is in the text.
function nameOf(key: SeriesKey, text: string): string {
  if (typeof key === 'string') return key;
  try {
    return String((JSON.parse(text) as Readonly<Record<string, unknown>>).name);
  } catch {
    return Buffer.from(key).toString('latin1');
  }
}
