import { expect, it } from 'vitest';
import { ChunkMemory } from './chunk-memory.ts';
import type { Snapshot } from './snapshot.ts';

const TEXT_BYTES = 64 * 1024;

/** A snapshot of some chunks, whose texts are taken of a memory. */
function snapshotOf(memory: ChunkMemory, count: number): Snapshot {
  memory.begin();
  const chunks = Array.from({ length: count }, () => ({ text: memory.text(TEXT_BYTES) }));
  const bytes = count * TEXT_BYTES;
  return { families: [{ chunks, bytes }], bytes } as unknown as Snapshot;
}

it('keeps no more than a refresh wrote, however many refreshes failed before', () => {
  const memory = new ChunkMemory();
  let newest = snapshotOf(memory, 0);
  for (let failed = 0; failed < 100; failed++) snapshotOf(memory, 10);
  for (let refresh = 0; refresh < 20; refresh++) {
    // Nobody leaves.
    memory.enter();
    const next = snapshotOf(memory, 10);
    memory.replaced(newest, next);
    newest = next;
    expect(memory.waitingBytes + memory.freeBytes).toBeLessThanOrEqual(10 * TEXT_BYTES);
  }
});
