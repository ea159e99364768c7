import { createHash } from 'node:crypto';

/** How many bytes of the hash make a version: as many as a double, which a sample's value is, holds exactly. */
const VERSION_BYTES = 6;

/**
 * Which state a snapshot is of, as a number of 48 bits: a hash of what names that state, the same in
 * every process and on every host. Versions have no order.
 *
 * @param name - the cursor of the state.
 */
export function versionOfState(name: string): number {
  return createHash('sha256').update(name).digest().readUIntBE(0, VERSION_BYTES);
}

/** The version of a snapshot that was merged from others, in their order; undefined unless each has one. */
export function versionOfMerged(versions: readonly (number | undefined)[]): number | undefined {
  if (versions.includes(undefined)) return undefined;
  return versionOfState(versions.map((version) => versionText(version!)).join());
}

/** A version as 12 lower-case hex digits. */
export function versionText(version: number): string {
  return version.toString(16).padStart(2 * VERSION_BYTES, '0');
}
