import type { ChunkMemory } from './chunk-memory.ts';

/**
 * One use of a snapshot, which ends: until then the texts of its chunks stay as they are. A reader
 * begins it in the same step in which it chooses the snapshot. Readers that know nothing of uses
 * leave it alone: their snapshots stay as they are anyway.
 */
export class SnapshotUse {
  #memory: ChunkMemory | undefined;
  #number = 0;

  /** Begins with the newest snapshot. Called by the reader, once. */
  begin(memory: ChunkMemory): void {
    this.#memory = memory;
    this.#number = memory.enter();
  }

  /** Keeps the snapshot for ever: nobody can tell when its texts are read last. */
  keep(): void {
    this.#memory?.keep(this.#number);
  }

  /** Lasts at least until some work is done. If that fails, the snapshot is kept. */
  until(work: Promise<unknown>): void {
    const memory = this.#memory;
    if (memory === undefined) return;
    const number = memory.enter(this.#number);
    work.catch(() => memory.keep(number)).finally(() => memory.leave(number));
  }

  /** Ends it; called on every way out. */
  end(): void {
    this.#memory?.leave(this.#number);
    this.#memory = undefined;
  }
}

/** Uses the newest snapshot until some work is done; keeps it if the work is no promise. */
export function useWhile(memory: ChunkMemory, begin: () => unknown): void {
  const use = new SnapshotUse();
  use.begin(memory);
  let work: unknown;
  try {
    work = begin();
  } finally {
    if (work instanceof Promise) use.until(work);
    else use.keep();
    use.end();
  }
}
