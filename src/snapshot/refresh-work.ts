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
}

/** Counters at zero. */
export function noWork(): RefreshWork {
  return { linesRendered: 0, chunksRebuilt: 0, chunksShared: 0, bytesCopied: 0 };
}
