import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');

// What each folder may import beside itself. `index.ts` is the composition root and may import all.
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  model: [],
  logging: ['model'],
  scheduling: ['model'],
  snapshot: ['model', 'scheduling'],
  refresh: ['model', 'logging', 'scheduling', 'snapshot'],
  sources: ['model', 'logging', 'scheduling', 'snapshot', 'refresh', 'parse'],
  selection: ['model', 'scheduling', 'snapshot'],
  parse: ['model'],
  cli: [
    'model',
    'logging',
    'scheduling',
    'snapshot',
    'parse',
    'refresh',
    'sources',
    'selection',
    'http',
    'web',
    'server',
    'stores',
    'push',
  ],
  formats: ['model', 'scheduling', 'snapshot'],
  http: ['model', 'logging', 'scheduling', 'snapshot', 'refresh', 'formats', 'selection'],
  web: ['model', 'logging', 'scheduling'],
  server: ['model', 'logging', 'scheduling', 'snapshot', 'refresh', 'http', 'selection', 'web'],
  stores: ['model', 'logging', 'scheduling'],
  push: [
    'model',
    'logging',
    'scheduling',
    'snapshot',
    'refresh',
    'parse',
    'formats',
    'http',
    'selection',
    'web',
    'server',
    'stores',
  ],
  testing: ['model', 'refresh', 'stores'],
  '': [
    'model',
    'parse',
    'snapshot',
    'refresh',
    'sources',
    'formats',
    'http',
    'selection',
    'stores',
  ],
};

// Which folder may import which package; all others import nothing but Node.
const FOREIGN: Readonly<Record<string, string>> = {
  lmdb: 'stores/lmdb',
  pino: 'cli',
  re2js: 'selection',
  yaml: 'web',
  '@redis/client': 'stores/redis',
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const sources = files.filter((file) => !file.endsWith('.test.ts'));
const IMPORT = /^(?:import|export)\s[^;]*?from\s+'([^']+)'|\bimport\('([^']+)'\)/gms;

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2]!);
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

  it('imports packages only where each belongs', () => {
    const used = new Set<string>();
    for (const file of sources) {
      for (const target of importsOf(file)) {
        if (target.startsWith('.') || target.startsWith('node:')) continue;
        const folder = FOREIGN[target];
        expect(folder, `${file} imports ${target}`).toBeDefined();
        expect(dirname(file), `${file} imports ${target}`).toBe(folder);
        used.add(target);
      }
    }
    expect([...used]).toContain('lmdb');
  });

  it.each(files)('%s is not too long to read', (file) => {
    const lines = readFileSync(join(SRC, file), 'utf8').split('\n').length;
    expect(lines).toBeLessThanOrEqual(file.endsWith('.test.ts') ? 800 : 300);
  });
});
