import type { Pace } from '../scheduling/pace.ts';
import type { Chunk } from '../snapshot/chunk.ts';
import type { Family, Snapshot } from '../snapshot/snapshot.ts';

/** Whether two snapshots are the same lines, byte for byte, however they are cut into chunks. */
export async function isSameText(a: Snapshot, b: Snapshot, pace: Pace): Promise<boolean> {
  if (a.series !== b.series || a.bytes !== b.bytes) return false;
  if (a.families.length !== b.families.length) return false;
  for (const [i, family] of a.families.entries()) {
    if (!(await isSameFamily(family, b.families[i]!, pace))) return false;
  }
  return true;
}

async function isSameFamily(a: Family, b: Family, pace: Pace): Promise<boolean> {
  if (a.name !== b.name || a.bytes !== b.bytes) return false;
  const rest = new TextCursor(b.chunks);
  for (const { text } of a.chunks) {
    if (!rest.takes(text)) return false;
    if (pace.shouldYield()) await pace.yield();
  }
  return true;
}

/** Goes through the text of some chunks, whatever the lengths it is asked for. */
class TextCursor {
  readonly #chunks: readonly Chunk[];
  #chunk = 0;
  #at = 0;

  constructor(chunks: readonly Chunk[]) {
    this.#chunks = chunks;
  }

  /** Whether a text comes next; goes behind it if so. There must be as much left. */
  takes(text: Buffer): boolean {
    for (let taken = 0; taken < text.length; ) {
      const from = this.#chunks[this.#chunk]!.text;
      const length = Math.min(text.length - taken, from.length - this.#at);
      const isSame = text.compare(from, this.#at, this.#at + length, taken, taken + length) === 0;
      if (!isSame) return false;
      taken += length;
      this.#at += length;
      if (this.#at === from.length) {
        this.#chunk++;
        this.#at = 0;
      }
    }
    return true;
  }
}
