import type { Snapshot } from './snapshot.ts';

/** Shorter texts are allocated as they come: a page may read them late, to join them. */
const LEAST_TEXT_BYTES = 16 * 1024;
/** How long a snapshot is at least whose memory is used again: below, little is garbage. */
const LEAST_SNAPSHOT_BYTES = 64 * 1024;
/** Memory is as long as a whole number of these, so that it fits a text that grows a little. */
const STEP_BYTES = 4 * 1024;
/** How many steps memory may be longer than it has to be. */
const MOST_STEPS_MORE = 2;

/** Memory of a text that no snapshot has any more, while some use may still read it. */
interface WaitingMemory {
  readonly memory: ArrayBuffer;
  /** The number of the first snapshot that had the text. */
  readonly born: number;
  /** The number of the first snapshot that did not. */
  readonly died: number;
}

/**
 * The memory of the chunks' texts of one cache. A refresh writes into memory of chunks that nobody
 * reads any more, rather than into new memory.
 *
 * Snapshots have numbers. A use enters the newest snapshot's number when it chooses the snapshot,
 * and leaves it when it has read the last text. Memory is used again when its chunk is in no newer
 * snapshot, and all uses of snapshots that had it have left. Whoever cannot tell when it is done
 * keeps the snapshot: the memory of its chunks is left to the garbage collector. Each text is a
 * Buffer of its own over the memory, so what is derived from a text may be keyed by it.
 */
export class ChunkMemory {
  /** How many bytes were allocated for texts so far. */
  allocatedBytes = 0;
  /** How many bytes were used again so far. */
  reusedBytes = 0;
  readonly #isPoisoned: boolean;
  /** The number of the newest snapshot. */
  #newest = 0;
  /** The number of the last snapshot that is kept. */
  #lastKept = -1;
  /** How many uses there are of a snapshot, by its number. */
  readonly #uses = new Map<number, number>();
  readonly #born = new WeakMap<Buffer, number>();
  readonly #sizes = new Map<number, MemorySize>();
  #waiting: WaitingMemory[] = [];

  /** @param isPoisoned - for tests: freed memory is overwritten, with a byte that no text has. */
  constructor(isPoisoned: boolean = false) {
    this.#isPoisoned = isPoisoned;
  }

  /** How many bytes can be used again now. */
  get freeBytes(): number {
    let bytes = 0;
    for (const [steps, { free }] of this.#sizes) bytes += steps * STEP_BYTES * free.length;
    return bytes;
  }

  /** How many bytes wait for uses to leave. */
  get waitingBytes(): number {
    return this.#waiting.reduce((bytes, { memory }) => bytes + memory.byteLength, 0);
  }

  /** A text to write, for a chunk of the next snapshot. */
  text(bytes: number): Buffer {
    if (bytes < LEAST_TEXT_BYTES) return Buffer.allocUnsafeSlow(bytes);
    const steps = Math.ceil(bytes / STEP_BYTES);
    const text = Buffer.from(this.#free(steps) ?? this.#allocated(steps), 0, bytes);
    this.#born.set(text, this.#newest + 1);
    return text;
  }

  /** Notes that a refresh begins: what one took that failed does not count. */
  begin(): void {
    for (const size of this.#sizes.values()) size.taken = 0;
  }

  /** Notes that a refresh found nothing new: memory that no refresh wants is given back. */
  unchanged(): void {
    this.#bound(this.#turn());
  }

  /** Notes that a snapshot took the place of the newest one. */
  replaced(before: Snapshot, after: Snapshot): void {
    const died = ++this.#newest;
    const wantedBytes = this.#turn();
    if (before.bytes >= LEAST_SNAPSHOT_BYTES) {
      const stay = new Set(longTexts(after));
      for (const text of longTexts(before)) {
        const born = this.#born.get(text);
        if (stay.has(text) || born === undefined || born <= this.#lastKept) continue;
        this.#waiting.push({ memory: text.buffer as ArrayBuffer, born, died });
      }
    }
    this.#release();
    this.#bound(wantedBytes);
  }

  /** Enters the newest snapshot, or one that a use is in; returns its number. */
  enter(number: number = this.#newest): number {
    this.#uses.set(number, (this.#uses.get(number) ?? 0) + 1);
    return number;
  }

  /** Leaves a snapshot that was entered. */
  leave(number: number): void {
    const others = this.#uses.get(number)! - 1;
    if (others > 0) this.#uses.set(number, others);
    else {
      this.#uses.delete(number);
      if (this.#waiting.length > 0) this.#release();
    }
  }

  /** Keeps a snapshot for ever: the newest, or one that a use is in. */
  keep(number: number = this.#newest): void {
    if (number === this.#lastKept) return;
    // A text that the newest snapshot has is in all before it since it was made.
    this.#lastKept = Math.max(this.#lastKept, number);
    this.#waiting = this.#waiting.filter(({ born, died }) => number < born || number >= died);
  }

  /** Free memory of a size, or a little longer. */
  #free(steps: number): ArrayBuffer | undefined {
    for (let more = 0; more <= MOST_STEPS_MORE; more++) {
      const memory = this.#sizes.get(steps + more)?.take();
      if (memory === undefined) continue;
      this.reusedBytes += memory.byteLength;
      return memory;
    }
    return undefined;
  }

  #allocated(steps: number): ArrayBuffer {
    const bytes = steps * STEP_BYTES;
    this.allocatedBytes += bytes;
    this.#size(steps).taken++;
    return Buffer.allocUnsafeSlow(bytes).buffer as ArrayBuffer;
  }

  /** Begins to count for another refresh; returns how many bytes the latest ones wanted. */
  #turn(): number {
    let bytes = 0;
    for (const [steps, size] of this.#sizes) bytes += steps * STEP_BYTES * size.turn();
    return bytes;
  }

  /** A slow use must not make more wait with each refresh: the garbage collector takes the rest. */
  #bound(wantedBytes: number): void {
    let bytes = this.waitingBytes;
    while (bytes > wantedBytes) bytes -= this.#waiting.shift()!.memory.byteLength;
  }

  #release(): void {
    const uses = [...this.#uses.keys()];
    this.#waiting = this.#waiting.filter((waiting) => {
      const { memory, born, died } = waiting;
      if (uses.some((number) => number >= born && number < died)) return true;
      if (this.#isPoisoned) new Uint8Array(memory).fill(0xdb);
      this.#size(memory.byteLength / STEP_BYTES).free.push(memory);
      return false;
    });
  }

  #size(steps: number): MemorySize {
    let size = this.#sizes.get(steps);
    if (size === undefined) {
      size = new MemorySize();
      this.#sizes.set(steps, size);
    }
    return size;
  }
}

/** The free memory of one size. */
class MemorySize {
  readonly free: ArrayBuffer[] = [];
  /** How much the refresh under way took of this size. */
  taken = 0;
  #wanted = 0;

  /** Free memory, if there is any. */
  take(): ArrayBuffer | undefined {
    const memory = this.free.pop();
    if (memory !== undefined) this.taken++;
    return memory;
  }

  /** Begins another refresh: drops what the latest did not want. Returns how much is wanted. */
  turn(): number {
    this.#wanted = Math.max(this.taken, this.#wanted >> 1);
    this.taken = 0;
    if (this.free.length > this.#wanted) this.free.length = this.#wanted;
    return this.#wanted;
  }
}

function* longTexts({ families }: Snapshot): Generator<Buffer, void, undefined> {
  for (const { chunks, bytes } of families) {
    if (bytes < LEAST_TEXT_BYTES) continue;
    for (const { text } of chunks) if (text.length >= LEAST_TEXT_BYTES) yield text;
  }
}
