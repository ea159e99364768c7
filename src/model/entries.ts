/**
 * What a series has besides its key: a plain number, or the text of anything else, as
 * `model/value/` writes it: a composite value, a timestamp, a start time, exemplars.
 */
export type Payload = number | string;

/** Series as parallel arrays: the same position in each array is the same series. */
export interface Entries {
  /** Canonical series ids, as `seriesId()` writes them. */
  readonly keys: readonly string[];
  /** What each series is now; undefined means that the series ended. */
  readonly payloads: readonly (Payload | undefined)[];
  /** Each series' `updatedAt`: any finite double, in Unix milliseconds; 0 for an ended series. */
  readonly times: readonly number[];
}

/** Stands for the number of a series that has none, beside others that have. */
export const NO_SLOT = 0xffff_ffff;

/** Entries of a store that has a number for each series. */
export interface SlotEntries extends Entries {
  /** The number of each series, or `NO_SLOT`; that of a series that ended has no meaning. */
  readonly slots: Uint32Array;
  /** As long as this is the same object, a series keeps its number, and no other one gets it. */
  readonly layout: object;
}
