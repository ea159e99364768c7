import type { SnapshotPoint } from '../../src/model/metric-point.ts';

/** The points of a round: which series there are differs from round to round, and so does what. */
export function roundOf(job: string, round: number): SnapshotPoint[] {
  const first = round % 7;
  return Array.from({ length: 20 + first }, (_, i) => {
    const bounds = [[1, round] as const, [Number.POSITIVE_INFINITY, round] as const];
    const value = i % 2 === 0 ? round : { count: round, sum: i, buckets: bounds };
    return { name: 'm', labels: { i: `${first + i}`, job }, value, updatedAt: round };
  });
}
