import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

// The program as it is built: a process with a compiler in it starts too slowly.
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A command of the program that was started. */
export interface Program {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly said: { out: string; error: string };
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>;
}

/** Ends every program that still runs. */
export function endPrograms(): void {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * Starts a command of the program.
 *
 * @param socket - a server whose socket the program has as file descriptor 3.
 */
export function startProgram(
  args: readonly string[],
  { env = {}, socket }: { env?: Readonly<Record<string, string>>; socket?: Server } = {},
): Program {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe', ...(socket === undefined ? [] : [descriptorOf(socket)])],
  });
  running.add(child);
  const said = { out: '', error: '' };
  child.stdout!.on('data', (data) => (said.out += String(data)));
  child.stderr!.on('data', (data) => (said.error += String(data)));
  child.stdin!.on('error', () => undefined);
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  return { child, said, ended };
}

function descriptorOf(server: Server): number {
  return (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}

/** The URLs at which a program listens, once it says so. */
export async function listening({ said, child }: Program): Promise<readonly string[]> {
  const pattern = /addresses"?[=:]"?([^"\n]*?)(?:"| version=)/;
  await until(`it listens: ${said.error}`, () => pattern.test(said.error) || !running.has(child));
  const [, urls = ''] = pattern.exec(said.error) ?? [];
  return urls.split(' ');
}

/** Scrapes without a pause until it is stopped. */
export class Load {
  readonly failures: string[] = [];
  /** How many scrapes were answered with 200. */
  good = 0;
  #isStopped = false;
  readonly #done: Promise<unknown>;

  constructor(url: string, clients = 4) {
    this.#done = Promise.all(Array.from({ length: clients }, () => this.#scrape(url)));
  }

  /** Waits for so many more good scrapes. */
  async more(count: number): Promise<void> {
    const wanted = this.good + count;
    await until('there are scrapes', () => this.good >= wanted || this.failures.length > 0);
  }

  /** Ends the scraping. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #scrape(url: string): Promise<void> {
    while (!this.#isStopped) {
      try {
        const response = await fetch(url, { headers: { connection: 'close' } });
        const text = await response.text();
        if (response.status === 200 && text.endsWith('\n')) this.good++;
        else this.failures.push(`${response.status} ${text.slice(0, 200)}`);
      } catch (error) {
        const { cause } = error as { cause?: { code?: string } };
        if (this.#isStopped) return;
        this.failures.push(String(cause?.code ?? error));
        if (cause?.code === 'ECONNREFUSED') return;
      }
    }
  }
}
