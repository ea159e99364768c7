import { readFileSync } from 'node:fs';

/** The lines of a file of vectors. */
export function readVectors<T>(name: string): readonly T[] {
  const file = new URL(`../conformance/vectors/${name}`, import.meta.url);
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}
