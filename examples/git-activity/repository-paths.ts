import { existsSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';

/**
 * The top of the working tree that a directory is in, or the directory itself where it is in none.
 */
export function findWorkingTree(directory: string): string {
  for (let top = directory; ; top = dirname(top)) {
    if (existsSync(join(top, '.git'))) return top;
    if (top === dirname(top)) return directory;
  }
}

/**
 * Gives each path a short name that no other has: its last part, or as many of its last parts as it
 * takes. Paths that are the same in the end are one.
 *
 * @returns the names by absolute path, in the order given.
 */
export function nameRepositories(paths: readonly string[]): ReadonlyMap<string, string> {
  const places = [...new Set(paths.map((path) => resolve(path)))];
  return new Map(places.map((place) => [place, shortName(place, places)]));
}

function shortName(place: string, places: readonly string[]): string {
  const parts = partsOf(place);
  const others = places.filter((other) => other !== place).map(partsOf);
  for (let count = 1; count < parts.length; count++) {
    const name = parts.slice(-count).join('/');
    // Two equal names would be one series with two values.
    if (!others.some((other) => other.slice(-count).join('/') === name)) return name;
  }
  return parts.join('/') || place;
}

function partsOf(place: string): string[] {
  return place.split(sep).filter((part) => part !== '');
}
