import type { FamilyMetadata } from '../model/family-metadata.ts';

/** How a group is replaced. */
export interface ReplaceOptions {
  /**
   * What of the group ends if no point names it: everything, or only the series of the families
   * that the points, or `families`, name. Default: `group`, everything.
   */
  readonly scope?: 'group' | 'families' | undefined;
  /** Metadata that is set in the same commit, as `setFamilies` would. Default: none. */
  readonly families?: Iterable<FamilyMetadata> | undefined;
  /**
   * A text of the caller that is kept with the group, of up to 65 536 characters. Default: the one
   * that the group has, or `''`.
   */
  readonly meta?: string | undefined;
  /** When the group ends with all its series, in Unix milliseconds. Default: never. */
  readonly expiresAt?: number | undefined;
  /**
   * The most series that the group may have after it. They are written at once, so more of them
   * hold the event loop, or the server of Redis, for longer. Default: 10 000. From 1 to 16 777 216.
   */
  readonly maxSeries?: number | undefined;
}

/** What became of the series of a group that was replaced. */
export interface ReplaceResult {
  /** Series that were not in the store. */
  readonly added: number;
  /** Series that have another value or time than before. */
  readonly changed: number;
  /** Series whose value and time the store had already. */
  readonly unchanged: number;
  /** Series of the group that ended, because no point named them. */
  readonly ended: number;
}

/** A group of series that are replaced together. */
export interface StoreGroup {
  /** The labels that name the group; those without a value are not there. */
  readonly labels: Readonly<Record<string, string>>;
  /** The text that was given with the group, or `''`. */
  readonly meta: string;
  /** When the group ends, in Unix milliseconds; undefined: never. */
  readonly expiresAt: number | undefined;
  /** How many series the group has; there may be none. */
  readonly series: number;
}
