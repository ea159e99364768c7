import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const IMPORT = /^(?:import|export)\s[^;]*?from\s+'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gms;

const files = ['src', 'bench', 'test', 'examples', 'scripts'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
    .map((file) => join(ROOT, folder, file)),
);
const imports = new Map(files.map((file) => [file, importsOf(file)]));

/** What a file imports, types included. */
function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)].map((match) =>
    resolve(dirname(file), match[1] ?? match[2]!),
  );
}

it('no file imports itself over others', () => {
  expect([...imports.values()].flat().length).toBeGreaterThan(1000);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    expect(path, `circle: ${[...path, file].join(' → ')}`).not.toContain(file);
    if (done.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});
