import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js');
// USER_HZ is 100 on every Linux that Node runs on.
const TICK_MS = 10;

/** A gateway that is measured. */
export interface GatewayKind {
  readonly name: string;
  readonly isOurs: boolean;
  /** Whether it keeps the groups in a file while it is measured. */
  readonly isKept: boolean;
}

/** A gateway in a process of its own. */
export class GatewayProcess {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Starts one at a free port; `heapMb` bounds the old generation of ours. */
  static async start(
    { isOurs, isKept }: GatewayKind,
    file: string,
    { flags = [], heapMb }: { flags?: readonly string[]; heapMb?: number } = {},
  ): Promise<GatewayProcess> {
    const port = await freePort();
    // The original writes to the file of the system if it gets none.
    const kept = !isOurs || isKept ? [`--persistence.file=${file}`] : [];
    const args = [`--web.listen-address=127.0.0.1:${port}`, ...kept, ...flags];
    const heap = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`];
    const child = isOurs
      ? spawn(process.execPath, [...heap, MAIN, 'pushgateway', ...args], { stdio: 'ignore' })
      : spawn('prometheus-pushgateway', args, { stdio: 'ignore' });
    const gateway = new GatewayProcess(child, port);
    while (!(await gateway.#isReady())) {
      if (gateway.isGone) throw new Error(`The gateway ended with ${child.exitCode}`);
    }
    return gateway;
  }

  /** Whether it has ended by itself. */
  get isGone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The CPU that it has taken with all its threads, in ms. */
  cpuMs(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }

  /** The memory that it holds (`VmRSS`), or held at most (`VmHWM`), in MiB. */
  memoryMb(field: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  }

  /** Whether it ends within some seconds, without being told to. */
  async isGoneSoon(): Promise<boolean> {
    for (let waits = 0; waits < 100 && !this.isGone; waits++) await later(50);
    return this.isGone;
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.isGone) return;
    const gone = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill(signal);
    await gone;
  }

  async #isReady(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.port}/-/ready`).then(
      ({ ok }) => ok,
      () => later(20).then(() => false),
    );
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}
