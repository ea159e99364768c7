import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../support/tools.ts';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly engines?: { readonly node?: string };
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function lockedIn(folder: string): Readonly<Record<string, LockedPackage>> {
  const text = readFileSync(join(REPOSITORY, folder, 'package-lock.json'), 'utf8');
  return (JSON.parse(text) as { packages: Record<string, LockedPackage> }).packages;
}

const packages = lockedIn('.');

/** Whether a package that another one asks for is locked: in its own folder or in one above. */
function isLocked(name: string, from: string): boolean {
  if (packages[`${from}${from && '/'}node_modules/${name}`]?.version !== undefined) return true;
  if (from === '') return false;
  return isLocked(name, from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))));
}

// A registry that lacks the packages of some platforms makes `npm install` drop them from the
// lockfile without a word, and `npm ci` then installs nothing, on every machine.
it('the lockfile holds the optional packages of every platform', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLocked(name, path)),
  );
  expect(missing).toEqual([]);
});

it('the lockfile names no address to download from', () => {
  expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});

// README.md names the versions: 20.19 or later. npm warns everyone of a package that wants another
// one.
it.each(['.', 'examples/adapters'])(
  'no package of %s wants another Node than those that README.md names',
  (folder) => {
    const require = createRequire(import.meta.url);
    // It comes with a tool that is installed anyway.
    const semver = createRequire(require.resolve('@microsoft/api-extractor/package.json'))(
      'semver',
    ) as { satisfies: (version: string, range: string) => boolean };
    const unhappy = Object.entries(lockedIn(folder)).flatMap(([path, { engines, optional }]) =>
      // npm leaves out optional ones without a word.
      engines?.node === undefined || optional === true
        ? []
        : ['20.19.0', '22.12.0', '24.0.0', '26.0.0']
            .filter((version) => !semver.satisfies(version, engines.node!))
            .map((version) => `${path} on ${version}`),
    );
    expect(unhappy).toEqual([]);
  },
);
