import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import { REPOSITORY } from './tools.ts';

type Settings = Readonly<Record<string, unknown>>;

/** What is used of esbuild, which comes with tsx. */
interface Esbuild {
  buildSync(options: Settings): unknown;
}

/** Loads esbuild. */
export function esbuild(): Esbuild {
  const tsx = createRequire(createRequire(import.meta.url).resolve('tsx'));
  return tsx('esbuild') as Esbuild;
}

const WEBPACK = join(REPOSITORY, 'test/bundlers');

/** What installs webpack. */
export const WEBPACK_REMEDY = 'webpack is missing; npm ci --prefix test/bundlers installs it';

/** Whether webpack is installed. */
export const hasWebpack: boolean = existsSync(join(WEBPACK, 'node_modules/webpack'));

/** How an application is made one file. */
export interface BundleOptions {
  readonly bundler: 'esbuild' | 'webpack';
  readonly format: 'esm' | 'cjs';
  /** Packages that stay outside, as native ones must. */
  readonly external?: readonly string[];
  /** Modules beside the applications, by name, which these may import. */
  readonly beside?: Readonly<Record<string, string>>;
}

/**
 * Makes one minified file of each application that uses the built package, as it would be shipped.
 *
 * @param sources - by name: an ES module without top-level `await`, which CommonJS does not have.
 * @param fileOf - where the file of an application comes to be.
 */
export function bundleApplications(
  sources: Readonly<Record<string, string>>,
  fileOf: (name: string) => string,
  options: BundleOptions,
): void {
  // Inside the repository, so that `snapscrape` is found as this very package.
  const folder = mkdtempSync(resolve(import.meta.dirname, '../.bundle-'));
  try {
    const pathOf = (name: string): string => join(folder, `${name}.mjs`);
    for (const [name, source] of Object.entries({ ...options.beside, ...sources })) {
      writeFileSync(pathOf(name), source);
    }
    const entries = Object.keys(sources).map((name) => [pathOf(name), fileOf(name)] as const);
    if (options.bundler === 'webpack') bundleByWebpack(entries, options);
    else for (const entry of entries) bundleByEsbuild(entry, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function bundleByEsbuild(
  [entry, outfile]: readonly [string, string],
  { format, external = [] }: BundleOptions,
): void {
  esbuild().buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    format,
    platform: 'node',
    external,
    logLevel: 'error',
    // What esbuild's users give where a package is CommonJS and the bundle is an ES module.
    ...(format === 'esm' && {
      banner: {
        js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
      },
    }),
  });
}

/** In one run, which reads and minifies each package once. */
function bundleByWebpack(
  entries: readonly (readonly [string, string])[],
  { external = [] }: BundleOptions,
): void {
  const settings = {
    mode: 'production',
    target: 'node20',
    entry: Object.fromEntries(entries.map(([entry, outfile]) => [outfile.slice(1), entry])),
    output: { path: '/', filename: '[name]', library: { type: 'commonjs2' } },
    // One file of each.
    module: { parser: { javascript: { dynamicImportMode: 'eager' } } },
    externals: Object.fromEntries(external.map((name) => [name, `commonjs ${name}`])),
  };
  const input = JSON.stringify(settings);
  execFileSync(process.execPath, [join(WEBPACK, 'run-webpack.mjs')], { input, stdio: 'pipe' });
}

/**
 * A program of several TypeScript files made one of JavaScript, which starts several times faster.
 */
export interface BundledProgram {
  /** Where it is, for `node`. */
  readonly path: string;
  /** Throws it away. */
  remove(): void;
}

/** Bundles a program into a file; packages stay outside, and are found from that file. */
export function bundle(entry: string, outfile: string): void {
  esbuild().buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  });
}

/** Bundles a program into a folder of its own, where it finds packages as the repository does. */
export function bundleProgram(entry: string): BundledProgram {
  const folder = mkdtempSync(resolve(import.meta.dirname, '../.bundle-'));
  // A program may give up its rights before it loads what lies beside it.
  chmodSync(folder, 0o755);
  const path = join(folder, basename(entry).replace(/\.ts$/, '.mjs'));
  bundle(entry, path);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
