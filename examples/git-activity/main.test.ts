import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import bcrypt from 'bcryptjs';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type BundledProgram, bundleProgram } from '../../test/support/bundle.ts';
import { HELP } from './arguments.ts';
import { hangingRepository, openWhenRead } from './hanging-repository.ts';
import { TestRepository, temporaryFolder } from './test-repository.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const BUILT = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
/** The program in one file of JavaScript: a process with a compiler in it starts too slowly. */
let program: BundledProgram;

beforeAll(() => {
  if (!existsSync(BUILT)) throw new Error('the package is not built; run: npm run build');
  program = bundleProgram(MAIN);
});
afterAll(() => program.remove());

class Exporter {
  readonly out: string[] = [];
  readonly errors: string[] = [];
  readonly #child;
  readonly #ended: Promise<unknown[]>;

  /** Starts the exporter as a process of its own. */
  constructor(args: readonly string[], cwd: string = temporaryFolder()) {
    const child = spawn(process.execPath, [program.path, ...args], { cwd });
    this.#child = child;
    this.#ended = once(child, 'close');
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.errors.push(text));
    onTestFinished(() => void child.kill('SIGKILL'));
  }

  /** Waits for the line that says where to look, and returns the URL in it. */
  async url(): Promise<string> {
    const line = await vi.waitUntil(
      () => {
        if (this.#child.exitCode !== null) throw new Error(`ended: ${this.errors.join('')}`);
        return this.out.join('').includes('\n') && this.out.join('');
      },
      { timeout: 60_000, interval: 10 },
    );
    return /^git-activity: \d+ repositor(?:y|ies), (http:\S+)\n$/.exec(line)![1]!;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for the end, and returns the exit code. */
  async ended(): Promise<unknown> {
    const [code] = await this.#ended;
    return code;
  }
}

const OPENMETRICS = { Accept: 'application/openmetrics-text; version=1.0.0' };

async function scrape(url: string): Promise<string> {
  const response = await fetch(url, { headers: OPENMETRICS });
  expect(response.status).toBe(200);
  const text = await response.text();
  expect(text).toMatch(/\n# EOF\n$/);
  return text;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const QUICK = ['--web.listen-address=127.0.0.1:0', '--collect.interval=100ms'];

test('the exporter serves what is there, sees a new commit, and stops on a signal', async () => {
  const folder = temporaryFolder();
  const repository = new TestRepository(folder, 'project');
  repository.commit({ files: { file: 'one\n' } });
  const missing = join(folder, 'missing');
  const exporter = new Exporter([...QUICK, repository.path, missing]);
  const url = await exporter.url();
  expect(exporter.out.join('')).toBe(`git-activity: 2 repositories, ${url}\n`);

  // The very first scrape is complete.
  const first = await scrape(url);
  expect(first).toContain('\ngit_activity_commits_total{repo="project",user="Ann"} 1\n');
  expect(first).toContain('\ngit_activity_repository_up{repo="missing"} 0\n');
  expect(first).toContain('\ngit_activity_repository_up{repo="project"} 1\n');
  expect(first).not.toContain('@example.org');
  expect(first).toContain('\n# TYPE git_activity_commits counter\n');
  expect(first).toContain('\n# UNIT git_activity_last_commit_timestamp_seconds seconds\n');
  expect(exporter.errors.join('')).toBe(
    `git-activity: missing (${missing}): there is nothing at this path; will try again\n`,
  );

  const now = Math.floor(Date.now() / 1000);
  repository.commit({ author: 'Bob', time: now, files: { file: 'two\nthree\n' } });
  const second = await vi.waitUntil(
    async () => {
      const text = await scrape(url);
      return text.includes('user="Bob"') && text;
    },
    { timeout: 60_000, interval: 20 },
  );
  expect(second).toContain('\ngit_activity_commits_24h{repo="project",user="Bob"} 1\n');
  expect(second).toContain('\ngit_activity_lines_added_7d{repo="project",user="Bob"} 2\n');
  expect(second).toContain('\ngit_activity_lines_removed_7d{repo="project",user="Bob"} 1\n');
  expect(second).toContain(`last_commit_timestamp_seconds{repo="project",user="Bob"} ${now}\n`);

  exporter.kill('SIGTERM');
  expect(await exporter.ended()).toBe(0);
});

test('on a signal while git hangs, the exporter kills git and ends', async () => {
  const { path, pipe } = hangingRepository();
  const exporter = new Exporter([...QUICK, path]);
  const reader = await openWhenRead(pipe);
  exporter.kill('SIGINT');
  expect(await exporter.ended()).toBe(0);
  expect(reader.isRead()).toBe(false);
  expect([...exporter.out, ...exporter.errors]).toEqual([]);
});

test('before the first collection is complete scrapes get 503, and it is healthy but not ready', async () => {
  const { path, pipe } = hangingRepository();
  const port = await freePort();
  const exporter = new Exporter([`--web.listen-address=127.0.0.1:${port}`, path]);
  await openWhenRead(pipe);
  const url = `http://127.0.0.1:${port}`;
  // The scraper says how long it waits, and is answered before.
  const headers = { 'X-Prometheus-Scrape-Timeout-Seconds': '0.2' };
  const statuses = ['/metrics', '/-/ready', '/-/healthy', '/'].map(
    async (path) => (await fetch(`${url}${path}`, { headers })).status,
  );
  expect(await Promise.all(statuses)).toEqual([503, 503, 200, 200]);
  exporter.kill('SIGTERM');
  expect(await exporter.ended()).toBe(0);
});

test('users and another path are as the options say', async () => {
  const repository = new TestRepository(temporaryFolder(), 'guarded');
  repository.commit();
  const webConfig = join(repository.path, 'web.yml');
  writeFileSync(webConfig, `basic_auth_users: { ann: '${bcrypt.hashSync('secret', 4)}' }\n`);
  const options = [`--web.config.file=${webConfig}`, '--web.telemetry-path=/git'];
  const url = await new Exporter([...QUICK, ...options, repository.path]).url();
  expect(url).toMatch(/:\d+\/git$/);
  expect((await fetch(url)).status).toBe(401);
  const headers = { Authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` };
  const page = await (await fetch(url, { headers })).text();
  expect(page).toContain('git_activity_commits_total{repo="guarded",user="Ann"} 1\n');
});

test('without a path it is the repository of the current directory', async () => {
  const repository = new TestRepository(temporaryFolder(), 'current');
  repository.commit();
  const inside = join(repository.path, 'inside');
  mkdirSync(inside);
  const exporter = new Exporter(QUICK, inside);
  expect(await scrape(await exporter.url())).toContain('{repo="current",user="Ann"}');
});

test('a taken address and wrong arguments end the exporter with one clear line', async () => {
  const first = new Exporter(QUICK);
  const { host } = new URL(await first.url());
  const second = new Exporter([`--web.listen-address=${host}`]);
  const third = new Exporter(['--collect.interval=soon']);
  const fourth = new Exporter(['--help']);
  expect(await Promise.all([second, third, fourth].map((one) => one.ended()))).toEqual([1, 2, 0]);
  expect(second.errors.join('')).toBe(
    `git-activity: cannot listen on ${host}: address in use; choose another, or stop the process using it\n`,
  );
  expect(third.errors.join('')).toBe(
    "git-activity: --collect.interval: 'soon' is no duration from 100ms to 24h; write 15s, 2m or 1h\n",
  );
  expect(fourth.out.join('')).toBe(HELP);
});
