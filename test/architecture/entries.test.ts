import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';

// What Node loads with an entry of the built package: each module costs it about a millisecond.

const DIST = resolve(import.meta.dirname, '../../dist');
// The program itself is all that its entry loads later.
const IMPORT =
  /^(?:import|export)\b[^;]*?(?:from )?"([^"]+)";|import\("([^"]+\/program-[^"]+)"\)/gm;

/** Files of the package, and the modules of others, that an entry loads at once. */
function loadedWith(entry: string): { readonly files: number; readonly others: Set<string> } {
  const others = new Set<string>();
  const files = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const [, first, later] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const target = first ?? later;
      if (target!.startsWith('.')) visit(join(dirname(file), target!));
      else others.add(target!);
    }
  };
  visit(join(DIST, entry));
  return { files: files.size, others };
}

it.each([
  ['index.js', 2, ['node:http', 'node:https', 'node:tls', 'node:http2', 'node:fs/promises']],
  ['server/index.js', 3, ['node:https', 'node:http2', 'yaml', 're2js']],
  ['stores/index.js', 2, ['node:http', 'node:https']],
  ['parse/index.js', 4, ['node:http', 'node:https']],
  ['stores/lmdb/index.js', 3, ['node:http', 'lmdb']],
  ['stores/redis/index.js', 3, ['node:http', '@redis/client']],
  ['cli/main.js', 8, ['pino', 'yaml', 'node:http']],
])('%s loads %i files at most, and leaves what few use for later', (entry, most, later) => {
  const { files, others } = loadedWith(entry);
  expect(files).toBeLessThanOrEqual(most);
  expect(others.size).toBeGreaterThan(1);
  expect([...others].filter((name) => later.includes(name))).toEqual([]);
});
