import type { Family, Snapshot } from './snapshot.ts';

/** Whether two snapshots are the same lines, byte for byte, however they are cut into chunks. */
export function isSameText(a: Snapshot, b: Snapshot): boolean {
  if (a.series !== b.series || a.bytes !== b.bytes) return false;
  if (a.families.length !== b.families.length) return false;
  return a.families.every((family, i) => isSameFamily(family, b.families[i]!));
}

function isSameFamily(a: Family, b: Family): boolean {
  if (a.name !== b.name) return false;
  return familyText(a).equals(familyText(b));
}

function familyText(family: Family): Buffer {
  return Buffer.concat(family.chunks.map((chunk) => chunk.text));
}
