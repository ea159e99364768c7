/** What selecting cost, counted since the selector was made: it grows with what changed and is wanted. */
export interface SelectionWork {
  /** Families whose chunks were gone through. */
  families: number;
  /** Chunks that were looked at; those known from before are not. */
  chunks: number;
  /** Chunks among them whose lines were gone through or searched. */
  chunksSearched: number;
  /** Lines whose labels were read. */
  linesRead: number;
  /** Values that patterns were matched with. */
  patternsMatched: number;
}

/** Counters at zero. */
export function noSelectionWork(): SelectionWork {
  return { families: 0, chunks: 0, chunksSearched: 0, linesRead: 0, patternsMatched: 0 };
}
