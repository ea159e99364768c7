import type { SnapshotPoint } from '../../src/index.ts';

/** Points of one family in series order, each line of about as many bytes as said. */
export function manyPoints(count: number, lineBytes = 500): SnapshotPoint[] {
  const pad = 'x'.repeat(Math.max(0, lineBytes - 34));
  return Array.from({ length: count }, (_, i) => ({
    name: 'many',
    labels: { i: String(i).padStart(8, '0'), pad },
    value: i,
    updatedAt: 1,
  }));
}
