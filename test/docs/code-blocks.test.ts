import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { LmdbStore } from '../../src/stores/lmdb/index.ts';
import { readWebConfig } from '../../src/web/read-web-config.ts';
import { bundle } from '../support/bundle.ts';
import { type CodeBlock, codeBlocks } from '../support/code-blocks.ts';
import { REPOSITORY, skipWithout, toolPath } from '../support/tools.ts';

// Every block of code of every document, as a reader copies it.

const blocks = codeBlocks();
const of = (...languages: readonly string[]): CodeBlock[] =>
  blocks.filter(({ language }) => languages.includes(language));
const programs = of('ts', 'js');

// Inside the project, so that a program finds `snapscrape` as this very package.
const folder = mkdtempSync(join(REPOSITORY, 'test/docs/.blocks-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A folder for one program, with the files that the documents speak of. */
function desk(name: string): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  const fixtures = join(REPOSITORY, 'test/http/fixtures');
  for (const file of ['ca.crt', 'client.crt']) {
    copyFileSync(join(fixtures, 'localhost.crt'), join(path, file));
  }
  copyFileSync(join(fixtures, 'localhost.key'), join(path, 'client.key'));
  writeFileSync(join(path, 'web.yml'), 'http_server_config: { http2: true }\n');
  writeFileSync(join(path, 'my-store.ts'), MY_STORE);
  return path;
}

/** The store of one's own that docs/store-contract.md speaks of. */
const MY_STORE = `
import { LmdbStore } from 'snapscrape/lmdb';
export class MyStore {
  static open(name: string, options?: object) { return LmdbStore.open('./' + name, options); }
  static async drop(_name: string): Promise<void> {}
}
`;

const nameOf = ({ place }: CodeBlock): string => place.replace(/\W/g, '-');

function write(block: CodeBlock, extension: string, code = block.code): string {
  const path = join(desk(nameOf(block)), `program.${extension}`);
  writeFileSync(path, code);
  return path;
}

it('have a language that is checked here', () => {
  const known = ['ts', 'js', 'json', 'yaml', 'promql', 'sh', 'console', 'text', 'lua'];
  const others = blocks.filter(({ language }) => !known.includes(language));
  expect(others.map(({ place, language }) => `${place} ${language}`)).toEqual([]);
  expect(programs.length).toBeGreaterThan(8);
});

describe('programs', () => {
  it.each([
    ['nodenext', ['--module', 'nodenext']],
    ['a bundler', ['--module', 'preserve', '--moduleResolution', 'bundler']],
  ])('compile in strict mode as they stand, for %s', (_, flags) => {
    const files = programs.map((block) => write(block, 'mts'));
    const tsc = join(REPOSITORY, 'node_modules/.bin/tsc');
    const strict = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--types',
      'node',
      '--skipLibCheck',
    ];
    const { stdout } = spawnSync(tsc, ['--ignoreConfig', ...strict, ...flags, ...files], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  });

  // A suite is run by its framework.
  const runnable = programs.filter(({ code }) => !code.includes("from 'vitest'"));

  it.each(runnable.map((block) => [block.place, block] as const))(
    '%s runs, and ends on SIGTERM',
    async (_, block) => {
      // At ports and a path that are free, beside whatever else runs here.
      const code = block.code
        .replace(/'(unix:)\/(?:run|tmp)\//g, "'$1./")
        .replace(/\.listen\(\d+\)/g, ".listen(0, '127.0.0.1')")
        .replace(/':\d{4}'/g, "'127.0.0.1:0'");
      // What it opens is open by the next turn of the event loop but a few.
      const end = "\nsetTimeout(() => process.kill(process.pid, 'SIGTERM'), 300);\n";
      const first = code.lastIndexOf('\nimport ');
      const rest = code.indexOf(';\n', Math.max(first, 0)) + 2;
      const home = desk(nameOf(block));
      await (await LmdbStore.open(join(home, 'data'))).close();
      const source = write(block, 'mts', `${code.slice(0, rest)}${end}${code.slice(rest)}`);
      const program = join(home, 'program.mjs');
      bundle(source, program);
      const child = spawn(process.execPath, [program], {
        cwd: home,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let errors = '';
      child.stderr.on('data', (data) => (errors += String(data)));
      const [status, signal] = await once(child, 'close');
      // One without a handler for the signal is ended by it.
      expect(signal === null ? status : signal, errors).toBe(signal === null ? 0 : 'SIGTERM');
    },
  );
});

describe('settings', () => {
  it.each(of('json').map(({ place, code }) => [place, code]))('%s is JSON', (_, code) => {
    JSON.parse(code!);
  });

  it.each(of('yaml').map(({ place, code }) => [place, code]))('%s is YAML', (_, code) => {
    for (const document of parseAllDocuments(code!)) {
      expect([...(document.errors ?? []), ...(document.warnings ?? [])]).toEqual([]);
    }
  });

  const webConfigs = of('yaml').filter(({ code }) =>
    /^(tls_server_config|basic_auth_users|bearer_tokens|rate_limit|http_server_config):/m.test(
      code,
    ),
  );

  it.each(webConfigs.map((block) => [block.place, block] as const))(
    '%s is a web configuration that can be loaded',
    async (_, block) => {
      const fixtures = join(REPOSITORY, 'test/http/fixtures');
      const path = join(desk(nameOf(block)), 'web.yml');
      writeFileSync(path, block.code);
      for (const [, key, file] of block.code.matchAll(/(key|cert|ca)_file: (\S+)/g)) {
        const fixture = key === 'key' ? 'localhost.key' : 'localhost.crt';
        copyFileSync(join(fixtures, fixture), join(path, '..', file!));
      }
      await readWebConfig(path, 16, { stamps: new Map() });
    },
  );
});

describe('rules, queries and settings of Prometheus', () => {
  skipWithout('promtool');
  const promtool = (...args: readonly string[]): void => {
    execFileSync(toolPath('promtool')!, args, { stdio: 'pipe' });
  };

  const rules = of('yaml').filter(({ code }) => code.startsWith('groups:'));
  it.each(rules.map((block) => [block.place, block] as const))('%s are rules', (_, block) => {
    promtool('check', 'rules', '--lint=all', '--lint-fatal', write(block, 'yml'));
  });

  const scrapes = of('yaml').filter(({ code }) => code.startsWith('scrape_configs:'));
  it.each(scrapes.map((block) => [block.place, block] as const))('%s is a job', (_, block) => {
    promtool('check', 'config', '--syntax-only', write(block, 'yml'));
  });

  const queries = of('promql').map((block) => [block.place, block] as const);
  it.each(queries)('%s are queries', (_, block) => {
    const lines = block.code.split('\n').map((line) => line.replace(/\s+#.*$/, ''));
    const all = lines.filter((line) => line !== '');
    const asRules = all.map((expr, at) => ({ record: `query_${at}`, expr }));
    const groups = [{ name: 'queries', rules: asRules }];
    promtool('check', 'rules', write(block, 'yml', JSON.stringify({ groups })));
  });
});

describe('commands', () => {
  it.each(of('sh').map(({ place, code }) => [place, code]))('%s is shell', (_, code) => {
    execFileSync('bash', ['-n'], { input: code! });
  });

  it.each(of('sh', 'console').map(({ place, code }) => [place, code]))(
    '%s names files and scripts that are there',
    (_, code) => {
      const files = [
        ...code!.matchAll(/(?:^|\s)((?:examples|scripts|bench|test|\.ci)\/[\w./-]+)/gm),
      ];
      const missing = files
        .map(([, file]) => file!)
        .filter((file) => !existsSync(join(REPOSITORY, file)));
      expect(missing).toEqual([]);
      const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
        scripts: Record<string, string>;
      };
      const called = [...code!.matchAll(/npm (?:run (\w+)|(start|test)\b)/g)];
      const unknown = called
        .map(([, run, own]) => run ?? own!)
        .filter((name) => !(name in scripts));
      expect(unknown).toEqual([]);
    },
  );
});
