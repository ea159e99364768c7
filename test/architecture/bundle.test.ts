import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { esbuild } from '../support/bundle.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const INDEX = JSON.stringify(join(ROOT, 'src/index.ts'));

/** How long a minified program may be that serves a source, in bytes. */
const MOST_BYTES = 213_500;

/** Serves one page and prints its status, its text and the errors. */
const program = (options: string, more = ''): string => `
import { createCachedSnapshotReader, createOpenMetricsHandler, MemoryStore } from ${INDEX};
${more}
const store = new MemoryStore();
const reported = [];
const onError = ({ code, message }) => reported.push(code + ': ' + message);
const reader = createCachedSnapshotReader(store);
const handler = createOpenMetricsHandler(reader, { selfMetrics: false, onError, ${options} });
store
  .upsert([{ name: 'a', labels: { l: 'x1' }, value: 1, updatedAt: Date.now() }])
  .then(() => handler.fetch(new Request('http://exporter/')))
  .then(async (response) => {
    console.log(JSON.stringify([response.status, await response.text(), reported]));
  });
`;

interface Metafile {
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Bundles a program and runs it where there are no packages. */
function bundled(text: string, format: 'esm' | 'cjs') {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const outfile = join(folder, format === 'esm' ? 'program.mjs' : 'program.cjs');
  const built = esbuild().buildSync({
    stdin: { contents: text, resolveDir: ROOT },
    outfile,
    bundle: true,
    minify: true,
    format,
    platform: 'node',
    external: ['@redis/client', 'lmdb'],
    metafile: true,
  }) as { readonly metafile: Metafile };
  return {
    bytes: readFileSync(outfile).length,
    inputs: Object.keys(built.metafile.inputs),
    run: (): unknown => JSON.parse(execFileSync('node', [outfile], { encoding: 'utf8' })),
    install: (name: string, main: string): void => {
      const target = join(folder, 'node_modules', name);
      execFileSync('mkdir', ['-p', target]);
      writeFileSync(join(target, 'package.json'), JSON.stringify({ name, type: 'module', main }));
      writeFileSync(
        join(target, main),
        `export * from ${JSON.stringify(join(ROOT, 'node_modules', name, 'build/index.js'))};`,
      );
    },
  };
}

describe.each(['esm', 'cjs'] as const)('a bundle, %s', (format) => {
  it('of a program without patterns has no regex engine, and is small', () => {
    const { bytes, inputs, run } = bundled(program(`match: '{l="x1"}'`), format);
    expect(inputs.filter((input) => input.includes('re2js'))).toEqual([]);
    expect(inputs.length).toBeGreaterThan(50);
    expect(bytes).toBeLessThan(MOST_BYTES);
    expect(run()).toEqual([200, '# TYPE a gauge\na{l="x1"} 1\n', []]);
  });

  it('with a pattern says what is missing, and serves once it is installed', () => {
    for (const options of [`match: '{l=~"x."}'`, 'subsets: { patterns: true }']) {
      const { install, run } = bundled(program(options), format);
      expect(run()).toEqual([
        500,
        'The metrics could not be served.\n',
        [expect.stringMatching(/^dependency_missing: .*npm install re2js/)],
      ]);
      install('re2js', 'index.js');
      expect(run()).toEqual([200, '# TYPE a gauge\na{l="x1"} 1\n', []]);
    }
  });

  it('that is given the engine has it and serves', () => {
    const engine = `import * as re2js from 're2js';`;
    for (const given of ['re2js', "re2js: () => import('re2js')"]) {
      const text = program(`${given}, match: '{l=~"x."}'`, given === 're2js' ? engine : '');
      const { inputs, run } = bundled(text, format);
      expect(inputs.filter((input) => input.includes('re2js'))).not.toEqual([]);
      expect(run()).toEqual([200, '# TYPE a gauge\na{l="x1"} 1\n', []]);
    }
  });
});
