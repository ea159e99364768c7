import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
// Inside the project, so that the program finds `snapscrape` as this very package.
const folder = mkdtempSync(join(ROOT, 'test/docs/.examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The code block of README.md behind a mark, listening on another port. */
function example(name: string, port: number): string {
  const block = new RegExp(`<!-- example: ${name} -->\\n+\`\`\`ts\\n([\\s\\S]*?)\`\`\``);
  const code = block.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
  if (code === undefined) throw new Error(`README.md has no example ${name}`);
  const moved = code
    .replace('.listen(9464)', `.listen(${port}, '127.0.0.1')`)
    .replace("[':9464']", `['127.0.0.1:${port}']`);
  expect(moved).toContain(`127.0.0.1`);
  return moved;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** Runs a program until it answers a scrape, and gives the page back. */
async function pageOf(program: string, port: number): Promise<string> {
  const child = spawn(process.execPath, ['--import', 'tsx', program], { cwd: ROOT });
  let output = '';
  child.stderr.on('data', (data) => (output += String(data)));
  try {
    for (;;) {
      if (child.exitCode !== null) throw new Error(`The example ended: ${output}`);
      try {
        return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      } catch {
        await new Promise((done) => setTimeout(done, 20)); // not listening yet
      }
    }
  } finally {
    child.kill('SIGKILL');
  }
}

describe('the examples of README.md', () => {
  it.each([
    ['first-use', 'jobs_running{queue="mail"} 3\n'],
    ['own-store', 'bill_euros{team="mail"} 1200.5\nbill_euros{team="search"} 1200.5\n'],
    ['several-sources', 'snapscrape_reader_up{reader="process"} 1\n'],
    ['server', 'snapscrape_http_requests_in_flight 1\n'],
  ])('%s serves what it says', async (name, lines) => {
    const port = await freePort();
    const program = join(folder, `${name}.mts`);
    writeFileSync(program, example(name, port));
    expect(await pageOf(program, port)).toContain(lines);
  });
});
