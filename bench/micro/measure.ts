/** Runs ways of doing the same in turns, several times, and prints the median of each in ms. */
export async function compare(
  what: string,
  ways: Readonly<Record<string, () => unknown>>,
  rounds = 7,
): Promise<void> {
  const times = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds + 2; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const begun = performance.now();
      await way();
      // The first rounds only warm up.
      if (round >= 2) times.get(name)!.push(performance.now() - begun);
    }
  }
  console.log(what);
  for (const [name, taken] of times) {
    const sorted = taken.sort((a, b) => a - b);
    const spread = `${sorted[0]!.toFixed(1)} to ${sorted.at(-1)!.toFixed(1)}`;
    console.log(`  ${name.padEnd(44)} ${sorted[sorted.length >> 1]!.toFixed(1)} ms (${spread})`);
  }
}

/** Series ids like those of the workload, in series order. */
export function seriesIds(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const repo = String(Math.floor(i / 9)).padStart(6, '0');
    return `gh_activity_commits_24h{org="org-001",repo="repository-${repo}",user="user-000${i % 9}"}`;
  });
}
