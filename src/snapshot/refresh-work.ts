/** What a refresh did, counted: each is a function of what changed, not of how much there is. */
export interface RefreshWork {
  /** Lines whose value was written again. */
  linesRendered: number;
  /** New chunks. */
  chunksRebuilt: number;
  /** Chunks taken over from the snapshot before. */
  chunksShared: number;
  /** Bytes of text copied from chunks of the snapshot before. */
  bytesCopied: number;
  /**
   * Points whose key was written, as they were not those of the lines where they were expected.
   */
  pointsIdentified: number;
  /** Lines of series that were searched for by key. */
  linesSearched: number;
  /** Lines that were known by the number that the store has for their series. */
  linesBySlot: number;
}

/** Counters at zero. */
export function noWork(): RefreshWork {
  return {
    linesRendered: 0,
    chunksRebuilt: 0,
    chunksShared: 0,
    bytesCopied: 0,
    pointsIdentified: 0,
    linesSearched: 0,
    linesBySlot: 0,
  };
}
