import type { FamilyMetadata, FamilyMetadataFault, FamilyType } from '../model/family-metadata.ts';
import { compareKeys } from '../model/key/index.ts';
import type { RejectionLog } from '../model/rejection.ts';
import { Pace } from '../scheduling/pace.ts';
import type { Chunk } from './chunk.ts';
import { ChunkBuilder } from './chunk-builder.ts';
import {
  combineLines,
  fittingLines,
  type LineCombination,
  type MergedDuplicates,
} from './combine-lines.ts';
import { ReaderLabel } from './reader-label.ts';
import { noWork } from './refresh-work.ts';
import { type Family, familyOf, type Snapshot, snapshotOf } from './snapshot.ts';

/** What a merger needs to know of the readers that it is for. */
export interface CombinerSettings {
  /** The readers' names, in the order of the list. */
  readonly names: readonly string[];
  readonly duplicates: MergedDuplicates;
  /** The label that each series gets with its reader's name; undefined for none. */
  readonly readerLabel: string | undefined;
  /**
   * Whether what was merged last is kept for the next time; in vain where no reader keeps anything.
   */
  readonly isKept: boolean;
  /** How long a slice may be, in ms. */
  readonly sliceBudget: number;
  /** The clock, in Unix milliseconds. */
  readonly now: () => number;
  /** Where lines are counted that are left out. */
  readonly rejections: RejectionLog;
}

/**
 * The snapshots of all readers, in the order of the list; undefined for one that has none to give.
 */
export type CombineSources = readonly (Snapshot | undefined)[];

/** A family as one reader has it. */
interface FamilyPart {
  readonly family: Family;
  /** Which reader, counted from 0. */
  readonly rank: number;
}

/** A family that several readers have, merged. */
interface KeptFamily {
  readonly parts: readonly FamilyPart[];
  /** Undefined where no line was left. */
  readonly merged: Family | undefined;
  readonly faults: readonly FamilyMetadataFault[];
}

/**
 * Merges the snapshots of several readers into one, again and again.
 *
 * What has not changed is not merged again: the same snapshots give the same object, and a family
 * whose parts are the same is kept. A family of one reader alone is taken over by reference, so its
 * chunks and whatever was derived from them are shared.
 */
export class SnapshotCombiner {
  /** Metadata in the latest merged snapshot that could not be used, at most 100. */
  familyFaults: readonly FamilyMetadataFault[] = Object.freeze([]);
  readonly #settings: CombinerSettings;
  /** By rank; undefined if readers have no label. */
  readonly #labels: readonly ReaderLabel[] | undefined;
  /** For labelling; its scratch memory is used again. */
  #builder: ChunkBuilder | undefined;
  #kept: ReadonlyMap<string, KeptFamily> = new Map();
  #latest: { readonly sources: CombineSources; readonly snapshot: Snapshot } | undefined;
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(settings: CombinerSettings) {
    this.#settings = settings;
    const { names, readerLabel } = settings;
    if (readerLabel !== undefined) {
      this.#labels = names.map((name) => new ReaderLabel(readerLabel, name));
    }
  }

  /**
   * The one snapshot of several, at least one of which must be there. Merges run one after the
   * other: a call for what another call is making gets the same.
   */
  merge(sources: CombineSources): Promise<Snapshot> {
    const merged = this.#underWay.then(() => this.#latestOf(sources) ?? this.#merge(sources));
    this.#underWay = merged.catch(() => undefined);
    return merged;
  }

  #latestOf(sources: CombineSources): Snapshot | undefined {
    const isSame = this.#latest?.sources.every((source, rank) => source === sources[rank]);
    return isSame === true ? this.#latest?.snapshot : undefined;
  }

  async #merge(sources: CombineSources): Promise<Snapshot> {
    const sole = this.#labels === undefined ? soleSource(sources) : undefined;
    const snapshot = sole ?? (await this.#mergeSeveral(sources));
    this.familyFaults = snapshot.familyFaults;
    if (this.#settings.isKept) this.#latest = { sources, snapshot };
    return snapshot;
  }

  async #mergeSeveral(sources: CombineSources): Promise<Snapshot> {
    const pace = new Pace(this.#settings.sliceBudget);
    let lines: LineCombination | undefined;
    const kept = new Map<string, KeptFamily>();
    const families: Family[] = [];
    const faults = sources.flatMap((source) => source?.familyFaults ?? []);
    for (const given of familiesByName(sources)) {
      const filled = filledParts(given);
      const parts = this.#labels === undefined ? filled : await this.#labelled(filled, pace);
      const { family } = parts[0]!;
      if (parts.length === 1) families.push(family);
      else {
        let next = this.#kept.get(family.name);
        if (next === undefined || !sameParts(next.parts, parts)) {
          lines ??= this.#newLineMerge(pace);
          next = await this.#applyChanges(parts, lines);
        }
        kept.set(family.name, next);
        faults.push(...next.faults);
        if (next.merged !== undefined) families.push(next.merged);
      }
      if (pace.shouldYield()) await pace.yield();
    }
    if (this.#settings.isKept) this.#kept = kept;
    return snapshotOf(families, Object.freeze(faults.slice(0, 100)));
  }

  async #labelled(parts: readonly FamilyPart[], pace: Pace): Promise<readonly FamilyPart[]> {
    const labelled: FamilyPart[] = [];
    for (const { family, rank } of parts) {
      this.#builder ??= new ChunkBuilder(noWork());
      labelled.push({ family: await this.#labels![rank]!.on(family, pace, this.#builder), rank });
    }
    return labelled;
  }

  async #applyChanges(parts: readonly FamilyPart[], lines: LineCombination): Promise<KeptFamily> {
    const { name } = parts[0]!.family;
    const declared = parts.find(({ family }) => family.metadata !== undefined);
    const metadata = declared?.family.metadata;
    const chunks: (readonly Chunk[])[] = [];
    for (const { family } of parts) {
      // Its reader checked its lines by another type.
      const isOther = metadata !== undefined && typeOf(family) !== metadata.type;
      chunks.push(
        isOther ? await fittingLines(family.chunks, metadata.type, lines) : family.chunks,
      );
    }
    // Each state of a set is 0 or 1, and an info is 1.
    const isSet = metadata?.type === 'info' || metadata?.type === 'stateset';
    const duplicates = isSet && lines.duplicates === 'add' ? 'first' : lines.duplicates;
    const merged = await combineLines(chunks, { ...lines, duplicates });
    return {
      parts,
      merged: merged.length === 0 ? undefined : familyOf(name, metadata, merged),
      faults: declared === undefined ? [] : this.#conflicts(declared, parts),
    };
  }

  #conflicts(declared: FamilyPart, parts: readonly FamilyPart[]): FamilyMetadataFault[] {
    const nameOf = ({ rank }: FamilyPart): string => JSON.stringify(this.#settings.names[rank]);
    return parts
      .filter(({ family }) => isOtherwise(family.metadata, declared.family.metadata))
      .map((part) => ({
        name: part.family.name,
        message: `is declared otherwise by the reader ${nameOf(part)}; the word of ${nameOf(declared)} stays, which comes before it`,
      }));
  }

  #newLineMerge(pace: Pace): LineCombination {
    const { duplicates, now, rejections } = this.#settings;
    return {
      duplicates,
      pace,
      builder: new ChunkBuilder(noWork()),
      onLeftOut: (reason, chunk, line) => {
        rejections.add({ reason, subject: chunk.id(line).slice(0, 200), rejectedAt: now() });
      },
    };
  }
}

function typeOf({ metadata }: Family): FamilyType {
  return metadata?.type ?? 'gauge';
}

/** The snapshot of the only reader that has one; the merge of one thing is that thing. */
function soleSource(sources: CombineSources): Snapshot | undefined {
  const present = sources.filter((source) => source !== undefined);
  return present.length === 1 ? present[0] : undefined;
}

/** The families of all snapshots in the order of their names, those of one name together. */
function* familiesByName(
  sources: CombineSources,
): Generator<readonly FamilyPart[], void, undefined> {
  const all = sources.map((source) => source?.families ?? []);
  const places = all.map(() => 0);
  for (;;) {
    let first: string | undefined;
    for (const [rank, families] of all.entries()) {
      const name = families[places[rank]!]?.name;
      if (name === undefined) continue;
      if (first === undefined || compareKeys(name, first) < 0) first = name;
    }
    if (first === undefined) return;
    const parts: FamilyPart[] = [];
    for (const [rank, families] of all.entries()) {
      const family = families[places[rank]!];
      if (family?.name !== first) continue;
      parts.push({ family, rank });
      places[rank]!++;
    }
    yield parts;
  }
}

/** The parts that have lines; if none has, the first, which says what is declared. */
function filledParts(parts: readonly FamilyPart[]): readonly FamilyPart[] {
  const filled = parts.filter(({ family }) => family.series > 0);
  return filled.length > 0 ? filled : parts.slice(0, 1);
}

function sameParts(a: readonly FamilyPart[], b: readonly FamilyPart[]): boolean {
  return (
    a.length === b.length &&
    a.every((part, i) => part.family === b[i]!.family && part.rank === b[i]!.rank)
  );
}

function isOtherwise(a: FamilyMetadata | undefined, b: FamilyMetadata | undefined): boolean {
  return a !== undefined && (a.type !== b?.type || a.help !== b.help || a.unit !== b.unit);
}
