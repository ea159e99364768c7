import { Deflater } from '../formats/deflate.ts';
import type { Encoder } from '../formats/encoder.ts';
import { Bodies } from '../formats/exposition.ts';
import { SelectionQueue } from '../selection/selection-queue.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

/** For how many snapshots a form is kept that no scrape asks for. */
const PATIENCE = 10;

/** How many forms are kept. */
const MOST_FORMS = 3;

/**
 * The forms of snapshots that scrapes asked for lately: the rule for all that is derived from them.
 *
 * A form that a scrape asked for is kept, and made of each new snapshot ahead of the next scrape.
 * It is dropped after ten snapshots in which no scrape asked for it: most of that work would be
 * thrown away. At most three are kept; others are streamed.
 */
export class RecentForms<Form> {
  readonly #unused = new Map<Form, number>();

  /** Notes a scrape, or that one is expected; returns whether its form is kept. */
  asked(form: Form): boolean {
    const isKept = this.canKeep(form);
    if (isKept) this.#unused.set(form, 0);
    return isKept;
  }

  /** Whether a form is kept, or there is room for it. */
  canKeep(form: Form): boolean {
    return this.#unused.has(form) || this.#unused.size < MOST_FORMS;
  }

  /** Notes a new snapshot; returns the forms to make of it. All others are to be dropped. */
  published(): readonly Form[] {
    for (const [form, snapshots] of this.#unused) {
      if (snapshots >= PATIENCE) this.#unused.delete(form);
      else this.#unused.set(form, snapshots + 1);
    }
    return [...this.#unused.keys()];
  }
}

/** What all handlers over one reader share. */
export class ReaderForms {
  /** One selection works at a time, whichever handler was asked. */
  readonly queue: SelectionQueue = new SelectionQueue();
  readonly #levels = new RecentForms<number>();
  readonly #deflaters = new Map<number, Deflater>();
  readonly #encoders = new RecentForms<Encoder>();
  readonly #bodies = new Map<Encoder, Bodies>();
  readonly #seen = new WeakSet<Snapshot>();

  /**
   * The compressor of a level, with what it has compressed: a chunk that several pages have is
   * compressed once.
   */
  deflater(level: number): Deflater {
    const deflater = this.#deflaters.get(level) ?? new Deflater(level);
    this.#deflaters.set(level, deflater);
    return deflater;
  }

  /** The same for a scrape. */
  asked(level: number): Deflater {
    this.#levels.asked(level);
    return this.deflater(level);
  }

  /** What an encoder made of chunks; undefined for one whose work is not kept. */
  bodies(encoder: Encoder): Bodies | undefined {
    return this.#bodies.get(encoder);
  }

  /** The same for a scrape. */
  askedFor(encoder: Encoder): Bodies | undefined {
    if (this.#encoders.asked(encoder) && !this.#bodies.has(encoder)) {
      this.#bodies.set(encoder, new Bodies());
    }
    return this.#bodies.get(encoder);
  }

  /** Notes a new snapshot, and drops what was compressed in forms that are not kept any more. */
  published(snapshot: Snapshot): void {
    if (this.#seen.has(snapshot)) return;
    this.#seen.add(snapshot);
    const kept = this.#levels.published();
    for (const level of this.#deflaters.keys()) {
      if (!kept.includes(level)) this.#deflaters.delete(level);
    }
    const encoders = this.#encoders.published();
    for (const encoder of this.#bodies.keys()) {
      if (!encoders.includes(encoder)) this.#bodies.delete(encoder);
    }
  }
}

const shared = new WeakMap<object, ReaderForms>();

/** What all handlers over a reader share. */
export function formsOf(reader: object): ReaderForms {
  const known = shared.get(reader) ?? new ReaderForms();
  shared.set(reader, known);
  return known;
}
