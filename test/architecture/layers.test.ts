import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');

// What each folder may import beside itself. `index.ts` is the composition root and may import all.
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  model: [],
  cache: ['model'],
  exposition: ['model', 'cache'],
  http: ['model', 'cache', 'exposition'],
  stores: ['model'],
  '': ['model', 'cache', 'exposition', 'http', 'stores'],
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const sources = files.filter((file) => !file.endsWith('.test.ts'));
const IMPORT = /^(?:import|export)\s[^;]*?from\s+'([^']+)'/gms;

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => match[1]!);
}

function folderOf(file: string): string {
  return dirname(file) === '.' ? '' : file.split('/')[0]!;
}

function relativeImports(file: string): string[] {
  return importsOf(file)
    .filter((target) => target.startsWith('.'))
    .map((target) => relative(SRC, resolve(SRC, dirname(file), target)));
}

describe('the layers of src', () => {
  it('finds the sources it speaks of', () => {
    expect(sources.length).toBeGreaterThan(30);
    expect(sources.flatMap(relativeImports).length).toBeGreaterThan(80);
  });

  it.each(sources)('%s imports only what its layer may', (file) => {
    const folder = folderOf(file);
    const allowed = ALLOWED[folder];
    expect(allowed, `src/${folder} has no place in the layers`).toBeDefined();
    for (const target of relativeImports(file)) {
      const to = folderOf(target);
      if (to !== folder) expect(allowed, `${file} imports ${target}`).toContain(to);
    }
  });

  it('has no runtime dependency: nothing but Node is imported', () => {
    const foreign = sources
      .flatMap(importsOf)
      .filter((target) => !target.startsWith('.') && !target.startsWith('node:'));
    expect(foreign).toEqual([]);
  });

  it('has no import cycle', () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      expect(path, `cycle: ${[...path, file].join(' → ')}`).not.toContain(file);
      if (done.has(file)) return;
      for (const target of relativeImports(file)) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of sources) visit(file, []);
  });

  it.each(files)('%s is not too long to read', (file) => {
    const lines = readFileSync(join(SRC, file), 'utf8').split('\n').length;
    expect(lines).toBeLessThanOrEqual(file.endsWith('.test.ts') ? 800 : 300);
  });
});
