import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/tools.ts';

// The package as its users get it: packed, installed in a folder that knows nothing of this one.

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'snapscrape-packed-')));
const installed = join(folder, 'node_modules/snapscrape');

function run(command: string, args: readonly string[], cwd: string = folder): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

beforeAll(() => {
  // The tests run on a fresh build, so packing needs no script.
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], REPOSITORY);
  const [tarball] = readdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const { status, stdout, stderr } = install(folder, `./${tarball}`);
  installing = stdout + stderr;
  expect(status, installing).toBe(0);
});

let installing = '';

/** Installs packages beside those that are there. */
function install(cwd: string, ...packages: readonly string[]): SpawnSyncReturns<string> {
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', ...packages];
  return spawnSync('npm', args, { cwd, encoding: 'utf8' });
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The five lines of first use, then one scrape over a real socket. */
const PROGRAM = `
const store = new MemoryStore();
await store.upsert({ name: 'jobs_running', labels: { queue: 'mail' }, value: 3 });
const handler = createOpenMetricsHandler(createCachedSnapshotReader(store), { selfMetrics: false });
const server = createServer(handler).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const response = await fetch('http://127.0.0.1:' + server.address().port + '/metrics', {
  headers: { accept: 'application/openmetrics-text; version=1.0.0' },
});
process.stdout.write(await response.text());
server.close();
`;
const PAGE = '# TYPE jobs_running gauge\njobs_running{queue="mail"} 3\n# EOF\n';
const NAMES = '{ createCachedSnapshotReader, createOpenMetricsHandler, MemoryStore }';

describe('the packed package', () => {
  it('holds the build and what people read, and nothing else', () => {
    const top = readdirSync(installed).sort();
    const build = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' });
    expect(top).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist', 'package.json']));
    const known = /^(dist|docs|examples|package\.json|[A-Z]+(\.md)?)$/;
    const extra = top.filter((name) => !known.test(name));
    expect(extra).toEqual([]);
    expect(build).toContain('index.d.ts');
    expect(build.filter((name) => /\.test\.|\.tsbuildinfo$/.test(name))).toEqual([]);
    const examples = readdirSync(join(installed, 'examples'), {
      recursive: true,
      encoding: 'utf8',
    });
    expect(examples.filter((name) => /test|hanging|lock\.json/.test(name))).toEqual([]);
  });

  it('holds what its documents link to', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    const pages = files.filter((name) => name.endsWith('.md'));
    expect(pages).toContain('docs/http.md');
    const broken = pages.flatMap((page) => {
      const text = readFileSync(join(installed, page), 'utf8');
      const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
      return targets
        .filter((target) => !/^(https?:|#)/.test(target))
        .map((target) => join(dirname(page), target.replace(/#.*/, '')))
        .filter((target) => !existsSync(join(installed, target)))
        .map((target) => `${page}: ${target}`);
    });
    expect(broken).toEqual([]);
  });

  it('says where it comes from', () => {
    const { homepage, repository, bugs } = JSON.parse(
      readFileSync(join(installed, 'package.json'), 'utf8'),
    ) as Record<string, unknown>;
    expect([homepage, bugs]).toEqual([
      expect.stringMatching(/^https:/),
      expect.stringMatching(/^https:/),
    ]);
    expect(repository).toEqual({ type: 'git', url: expect.stringMatching(/^git\+https:.*\.git$/) });
  });

  it('is installed without a warning', () => {
    expect(installing).not.toMatch(/EBADENGINE|ERESOLVE|deprecated|peer/);
  });

  it('asks for what selectors, files and the log of the program need, and nothing else', () => {
    const text = readFileSync(join(installed, 'package.json'), 'utf8');
    const asked = JSON.parse(text) as {
      readonly [part in 'dependencies' | 'optionalDependencies' | 'peerDependencies']?: object;
    };
    expect(Object.keys(asked.dependencies!)).toEqual(['pino', 're2js', 'yaml']);
    // npm installs these too, so that npx brings them; a machine that cannot have them goes without.
    expect(Object.keys(asked.optionalDependencies!)).toEqual(['@redis/client', 'lmdb']);
    expect(asked.peerDependencies).toBeUndefined();
  });

  it('needs none of them for stores, caches and handlers', () => {
    const away = join(folder, 'node_modules/.away');
    mkdirSync(away);
    const names = readdirSync(join(folder, 'node_modules')).filter(
      (name) => !name.startsWith('.') && name !== 'snapscrape',
    );
    expect(names).toEqual(expect.arrayContaining(['lmdb', 'pino', 're2js', 'yaml']));
    for (const name of names) renameSync(join(folder, 'node_modules', name), join(away, name));
    try {
      const imports = `import { createServer } from 'node:http';\nimport ${NAMES} from 'snapscrape';`;
      writeFileSync(join(folder, 'alone.mjs'), imports + PROGRAM);
      expect(run(process.execPath, ['alone.mjs'])).toBe(PAGE);
    } finally {
      for (const name of names) renameSync(join(away, name), join(folder, 'node_modules', name));
      rmSync(away, { recursive: true });
    }
  });

  it('has source maps that lead nowhere outside it', () => {
    const maps = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.map'))
      .map((name) => readFileSync(join(installed, 'dist', name), 'utf8'));
    expect(maps.filter((map) => map.includes(REPOSITORY))).toEqual([]);
  });

  it('serves a scrape in an ES module', () => {
    const imports = `import { createServer } from 'node:http';\nimport ${NAMES} from 'snapscrape';`;
    writeFileSync(join(folder, 'program.mjs'), imports + PROGRAM);
    expect(run(process.execPath, ['program.mjs'])).toBe(PAGE);
  });

  it('serves a scrape in a CommonJS program', () => {
    const requires = `const { createServer } = require('node:http');
const ${NAMES} = require('snapscrape');`;
    writeFileSync(join(folder, 'program.cjs'), `${requires}\n(async () => {${PROGRAM}})();`);
    expect(run(process.execPath, ['program.cjs'])).toBe(PAGE);
  });

  it('brings the program, which npx runs', () => {
    writeFileSync(join(folder, 'good.prom'), '# HELP a A.\n# TYPE a gauge\na 1\n');
    writeFileSync(join(folder, 'bad.prom'), 'a{l="1} 1\n');
    const check = (file: string): SpawnSyncReturns<string> =>
      spawnSync('npx', ['--no', 'snapscrape', 'check', file], { cwd: folder, encoding: 'utf8' });
    expect(check('good.prom')).toMatchObject({ status: 0, stderr: '' });
    const { status, stdout } = check('bad.prom');
    expect([status, stdout]).toEqual([
      1,
      expect.stringContaining('bad.prom:1:5: error label_open'),
    ]);
    expect(check('none.prom').status).toBe(2);
  });

  it('lets no import reach behind its exports', () => {
    const program = "import('snapscrape/dist/cache/merge.js').catch((e) => console.log(e.code))";
    expect(run(process.execPath, ['-e', program])).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });
});

const USE = `
const store = new MemoryStore();
const reader = createCachedSnapshotReader(store, { refreshInterval: 1_000, background: true });
export const server = createServer(createOpenMetricsHandler(reader, { metricPrefix: 'my_' }));
export const took: number = reader.cacheStats().refreshDuration;
export const answer: Promise<Response> = createOpenMetricsHandler(reader).fetch(
  new Request('http://localhost/'),
);
// @ts-expect-error: an option that does not exist
createCachedSnapshotReader(store, { refreshIntervall: 1 });
// @ts-expect-error: a value that is not a number
void store.upsert({ name: 'a', labels: {}, value: '1' });
`;

describe('beside clients of stores that are too old', () => {
  const own = join(folder, 'old-clients');
  // What the two did not have yet.
  const OLD = { '@redis/client': '1.6.1', lmdb: '2.9.4' };

  beforeAll(() => {
    const packages = Object.entries(OLD).map(([name, version]) => {
      const path = join(own, 'packages', name.replace(/\W/g, '-'));
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'package.json'), JSON.stringify({ name, version, main: 'main.js' }));
      writeFileSync(
        join(path, 'main.js'),
        'exports.createClient = exports.open = () => undefined;',
      );
      run('npm', ['pack', '--pack-destination', own], path);
      return `./${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
    });
    writeFileSync(join(own, 'package.json'), '{ "private": true }');
    expect(install(own, ...packages)).toMatchObject({ status: 0 });
  });

  it('is installed, for users of other stores', () => {
    const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    // With optional packages npm would bring clients of our own beside the old ones.
    const { status, stderr } = install(own, '--omit=optional', join(folder, tarball!));
    expect(stderr).not.toContain('ERESOLVE');
    expect(status).toBe(0);
    const { version } = JSON.parse(
      readFileSync(join(own, 'node_modules/@redis/client/package.json'), 'utf8'),
    ) as { version: string };
    expect(version).toBe(OLD['@redis/client']);
  });

  it.each([
    ['redis', 'RedisStore', "'redis://localhost'", '@redis/client'],
    ['lmdb', 'LmdbStore', "'./data'", 'lmdb'],
  ])('has a store of %s that names the remedy', (entry, store, where, client) => {
    const program = `import { ${store} } from 'snapscrape/${entry}';
      ${store}.open(${where}).catch(({ code, message }) => console.log(code, message));`;
    writeFileSync(join(own, `${entry}.mjs`), program);
    const said = run(process.execPath, [`${entry}.mjs`], own);
    expect(said).toMatch(/^dependency_missing /);
    expect(said).toContain(`npm install ${client}@`);
  });
});

describe('the types of the packed package', () => {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'ES2022',
    lib: ['ES2023'],
    types: ['node'],
    typeRoots: [join(REPOSITORY, 'node_modules/@types')],
  };

  function compile(name: string, module: string, source: string): void {
    writeFileSync(join(folder, name), source);
    const options = { ...compilerOptions, module, moduleResolution: module };
    const config = { compilerOptions: options, files: [name] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    try {
      run(process.execPath, [join(REPOSITORY, 'node_modules/typescript/bin/tsc'), '-p', '.']);
    } catch (error) {
      throw new Error((error as { stdout: string }).stdout, { cause: error });
    }
  }

  const imports = `import { createServer } from 'node:http';\nimport ${NAMES} from 'snapscrape';\n`;

  it('serve an ES module, library files checked', () => {
    compile('consumer.mts', 'NodeNext', imports + USE);
  });

  it('serve a CommonJS module, library files checked', () => {
    compile('consumer.cts', 'NodeNext', imports + USE);
  });

  it('reject what is wrong', () => {
    const wrong = `${imports}export const name: string = new MemoryStore().snapshot();\n`;
    expect(() => compile('wrong.mts', 'NodeNext', wrong)).toThrow(
      /is not assignable to type 'string'/,
    );
  });
});
