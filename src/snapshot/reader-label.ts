import { KeyWriter } from '../model/key/index.ts';
import { parseSeriesId } from '../model/series-id.ts';
import type { Pace } from '../scheduling/pace.ts';
import { applyChanges } from './apply-changes.ts';
import { sortChanges } from './change-list.ts';
import type { ChunkBuilder } from './chunk-builder.ts';
import { type Family, familyOf } from './snapshot.ts';
import { StagedFamily } from './staging.ts';

/**
 * Gives each series of a reader a label with the reader's name. A label of that name which a series
 * has already becomes `exported_<name>`, as where Prometheus adds a target's labels.
 *
 * Families that stay the same object keep their labelled form.
 */
export class ReaderLabel {
  readonly #label: string;
  readonly #reader: string;
  // A series may have as many labels as a point may have, and gets one more.
  readonly #writer = new KeyWriter(Infinity, Infinity);
  readonly #known = new WeakMap<Family, Family>();

  constructor(label: string, reader: string) {
    this.#label = label;
    this.#reader = reader;
  }

  /** A family with the label. The builder must be empty; it is empty again afterwards. */
  async on(family: Family, pace: Pace, builder: ChunkBuilder): Promise<Family> {
    const known = this.#known.get(family);
    if (known !== undefined) return known;
    const staged = new StagedFamily(family.name);
    for (const chunk of family.chunks) {
      for (let line = 0; line < chunk.series; line++) {
        const id = this.#idOf(chunk.id(line));
        staged.put(id, chunk.payload(line), chunk.updatedAt[line]!);
        if ((line & 63) === 0 && pace.shouldYield()) await pace.yield();
      }
    }
    const changes = await sortChanges(staged, 'last', pace, () => undefined);
    const chunks = await applyChanges([], changes, 'complete', pace, builder);
    const labelled = familyOf(family.name, family.metadata, chunks);
    this.#known.set(family, labelled);
    return labelled;
  }

  #idOf(id: string): string {
    const { name, labels } = parseSeriesId(id);
    let added: Record<string, string> = { [this.#label]: this.#reader };
    // The label of that name moves out of the way, and so does what it would meet there.
    for (let label = this.#label; Object.hasOwn(labels, label); label = `exported_${label}`) {
      added = { ...added, [`exported_${label}`]: labels[label]! };
    }
    this.#writer.write(name, { ...labels, ...added });
    return this.#writer.key;
  }
}
