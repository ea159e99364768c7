import { createHash } from 'node:crypto';
import type { Pace } from '../scheduling/pace.ts';
import type { Family, Snapshot } from './snapshot.ts';

/**
 * How many bytes of the hash make a version: as many as a double, which a sample's value is, holds
 * exactly.
 */
const VERSION_BYTES = 6;

/**
 * Which state a snapshot is of, as a number of 48 bits: a hash of what names that state, the same
 * in every process and on every host. Versions have no order.
 *
 * @param name - the cursor of the state.
 * @param metadata - a digest of the families' metadata, which a cursor says nothing of; empty for
 * none.
 */
export function versionOfState(name: string, metadata: string = ''): number {
  const hash = createHash('sha256').update(name);
  if (metadata !== '') hash.update(`\n${metadata}`);
  return hash.digest().readUIntBE(0, VERSION_BYTES);
}

/**
 * The version of a snapshot that was merged from others, in their order; undefined unless each has
 * one.
 */
export function versionOfMerged(versions: readonly (number | undefined)[]): number | undefined {
  if (versions.includes(undefined)) return undefined;
  return versionOfState(versions.map((version) => versionText(version!)).join());
}

/** A version as 12 lower-case hex digits. */
export function versionText(version: number): string {
  return version.toString(16).padStart(2 * VERSION_BYTES, '0');
}

/**
 * Digests what is declared of the families of snapshots: a cursor tells which points there are, and
 * HELP and TYPE come from elsewhere.
 */
export class MetadataDigest {
  #families: readonly Family[] = [];
  #digest = '';

  /** The digest of a snapshot's metadata, in hex; empty if no family has any. */
  async of({ families }: Snapshot, pace: Pace): Promise<string> {
    // Mostly values have changed and nothing else; metadata that stays is the same object.
    if (!this.#isKnown(families)) {
      const hash = createHash('sha256');
      let isEmpty = true;
      for (const { metadata } of families) {
        if (metadata !== undefined) {
          const { name, type, help, unit } = metadata;
          hash.update(JSON.stringify([name, type, help, unit]));
          isEmpty = false;
        }
        if (pace.shouldYield()) await pace.yield();
      }
      this.#digest = isEmpty ? '' : hash.digest('hex');
    }
    this.#families = families;
    return this.#digest;
  }

  #isKnown(families: readonly Family[]): boolean {
    return (
      this.#families.length === families.length &&
      families.every(({ metadata }, i) => metadata === this.#families[i]!.metadata)
    );
  }
}
