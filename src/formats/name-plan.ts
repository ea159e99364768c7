import { familyPlace } from '../snapshot/snapshot.ts';

/**
 * Which family owns which name: the families of a whole snapshot, before anything is selected, and
 * the exporter's own. So a shard, a view and a query expose a family as the whole page does.
 *
 * A name of both is the source's: the exporter's own family is left out. Nothing is worked out
 * ahead: an encoder asks for a few names of a counter alone, and each costs a binary search.
 */
export class NamePlan {
  readonly #families: readonly { readonly name: string }[];
  readonly #own: ReadonlySet<string>;

  /**
   * @param families - of the whole snapshot, in the order of their names.
   * @param own - the names of the exporter's own families, whether or not a page shows them.
   */
  constructor(
    families: readonly { readonly name: string }[],
    own: ReadonlySet<string> = new Set(),
  ) {
    this.#families = families;
    this.#own = own;
  }

  /** Whether the source has a family of a name. */
  isOfSource(name: string): boolean {
    return familyPlace(this.#families, name) !== undefined;
  }

  /** Whether any family has a name. */
  isOwned(name: string): boolean {
    return this.#own.has(name) || this.isOfSource(name);
  }
}
