import { Deflater } from '../formats/deflate.ts';
import { SelectionQueue } from '../selection/selection-queue.ts';

/** What all handlers over one reader share. */
interface Shared {
  readonly queue: SelectionQueue;
  /** By level. */
  readonly deflaters: Map<number, Deflater>;
}

const shared = new WeakMap<object, Shared>();

function sharedBy(reader: object): Shared {
  const known = shared.get(reader) ?? { queue: new SelectionQueue(), deflaters: new Map() };
  shared.set(reader, known);
  return known;
}

/** The compressor of a reader's pages: a chunk that several pages have is compressed once. */
export function deflaterFor(reader: object, level: number): Deflater {
  const { deflaters } = sharedBy(reader);
  const deflater = deflaters.get(level) ?? new Deflater(level);
  deflaters.set(level, deflater);
  return deflater;
}

/** The queue of a reader's selections: one works at a time, whichever handler was asked. */
export function queueFor(reader: object): SelectionQueue {
  return sharedBy(reader).queue;
}
