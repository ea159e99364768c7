import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { REPOSITORY } from '../support/tools.ts';
import { basic, SECRET_HASH } from '../support/web-config-files.ts';

// A server with passwords as applications ship it: one file, in a folder that has nothing else.

/** What is used of esbuild, which comes with tsx. */
interface Bundler {
  buildSync(options: Readonly<Record<string, unknown>>): unknown;
}

const APPLICATION = `
  import { MemoryStore, createCachedSnapshotReader } from '${REPOSITORY}dist/index.js';
  import { createExporterServer } from '${REPOSITORY}dist/server/index.js';
  const server = createExporterServer(createCachedSnapshotReader(new MemoryStore()), {
    listenAddresses: ['127.0.0.1:0'],
    webConfigFile: 'web.yml',
    onError: (error) => console.error(error),
  });
  server.start().then(([address]) => console.log(address.url));
`;

const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const folder = mkdtempSync(join(tmpdir(), 'snapscrape-bundled-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bundle(format: string, minify: boolean): string {
  const tsx = createRequire(createRequire(import.meta.url).resolve('tsx'));
  const path = join(folder, `server-${minify}.${format === 'esm' ? 'mjs' : 'cjs'}`);
  (tsx('esbuild') as Bundler).buildSync({
    stdin: { contents: APPLICATION, resolveDir: REPOSITORY },
    outfile: path,
    bundle: true,
    minify,
    format,
    platform: 'node',
    logLevel: 'error',
    // esbuild gives CommonJS packages in an ES module no `require`: applications do it like this.
    ...(format === 'esm' && { banner: { js: REQUIRE } }),
  });
  return path;
}

/** The first line that a process prints. */
function firstLine(process: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    process.stdout?.once('data', (text: Buffer) => resolve(text.toString().trim()));
    process.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

describe('a server with users in a bundle', () => {
  it.each([
    ['esm', false],
    ['esm', true],
    ['cjs', false],
    ['cjs', true],
  ] as const)('lets the right password in: %s, minified: %s', async (format, minify) => {
    const path = bundle(format, minify);
    writeFileSync(join(folder, 'web.yml'), `basic_auth_users:\n  a: ${SECRET_HASH}\n`);
    const server = spawn(process.execPath, [path], { cwd: folder, stdio: ['ignore', 'pipe', 2] });
    onTestFinished(() => void server.kill());
    const url = `${await firstLine(server)}/metrics`;
    const ask = async (password: string): Promise<number> => {
      const headers = { authorization: basic('a', password) };
      return (await fetch(url, { headers })).status;
    };
    expect([await ask('secret'), await ask('wrong')]).toEqual([200, 401]);
  });
});
