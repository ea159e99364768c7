/** The known name that is nearest to a wrong one; undefined if none is near. */
export function suggestionFor(wrong: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  // A third of the letters may be wrong. Longer names than any of ours are not looked at.
  let least = Math.min(wrong.length, LONGEST) / 3 + 1;
  if (wrong.length > LONGEST) return undefined;
  for (const name of known) {
    const distance = distanceBetween(wrong, name);
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

const LONGEST = 60;

/** How many letters must be added, removed or changed (Levenshtein). */
function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
