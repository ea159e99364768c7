import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { RolldownOptions } from 'rolldown';

// Makes the JavaScript of the package: few files, because Node takes about a millisecond for each
// module that a program loads. `tsc` writes the declarations beside it, module by module.

const { bin, exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
};
const targets = [
  ...Object.values(exports).flatMap((to) => (typeof to === 'string' ? [] : [to.default])),
  ...Object.values(bin),
];
const entries = targets.map((file) => file.replace(/^\.\/dist\/|\.js$/g, ''));

/** What makes a file of its own, with all that it imports; the first that needs a module has it. */
const FILES: readonly (readonly [name: string, modules: RegExp])[] = [
  ['held-signals', /^cli\/held-signals\.ts$/],
  ['core', /^(?:index|stores\/(?:index|store-away))\.ts$/],
  ['parse', /^parse\/index\.ts$/],
  ['server', /^server\/index\.ts$/],
];

const config: RolldownOptions = {
  input: Object.fromEntries(entries.map((entry) => [entry, `src/${entry}.ts`])),
  platform: 'node',
  tsconfig: 'tsconfig.build.json',
  external: /^(?:node:|[^./][^:]*$)/,
  output: {
    dir: 'dist',
    chunkFileNames: 'chunks/[name]-[hash].js',
    comments: { legal: true, annotation: true, jsdoc: false },
    // Names in stack traces are those of the sources.
    minify: false,
    minifyInternalExports: false,
    codeSplitting: {
      groups: FILES.map(([name, modules], i) => ({
        name,
        priority: FILES.length - i,
        test: (id: string) => modules.test(relative('src', id)),
      })),
    },
  },
};
export default config;
