import { Deflater } from '../exposition/deflate.ts';

const deflaters = new WeakMap<object, Map<number, Deflater>>();

/**
 * What compresses the pages of a reader, one for all handlers over it: what several have in common is
 * compressed once.
 */
export function deflaterFor(reader: object, level: number): Deflater {
  const byLevel = deflaters.get(reader) ?? new Map<number, Deflater>();
  deflaters.set(reader, byLevel);
  const deflater = byLevel.get(level) ?? new Deflater(level);
  byLevel.set(level, deflater);
  return deflater;
}
