import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Command, MemoryReading, Reading, Ready, SubjectSetup } from '../protocol.ts';
import type { SubjectPlan } from './subject-list.ts';

/** The heap is not to be what limits a peer. */
const NODE_FLAGS = ['--expose-gc', '--max-old-space-size=12288', '--import', 'tsx'];
const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** What subjects are started with beside their setup. */
export interface Launch {
  /** The Go program, where it could be built. */
  readonly goExporter: string | undefined;
  /** Where processes of Node leave a profile of their processor time, if anywhere. */
  readonly profiles: string | undefined;
}

/** A started subject, from the driver's side. */
export class SubjectProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;

  private constructor(name: string, command: string, args: readonly string[], cwd: string = ROOT) {
    this.#name = name;
    this.#child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
    // A process that died shows by its missing reply.
    this.#child.stdin.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Starts a subject; answers once it listens. */
  static async start(
    { name, runtime, checkout = ROOT }: SubjectPlan,
    setup: SubjectSetup,
    { goExporter, profiles }: Launch,
  ): Promise<{ process: SubjectProcess; ready: Ready }> {
    const profiling = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
    const flags = [...NODE_FLAGS, ...profiling];
    const started =
      runtime === 'go'
        ? new SubjectProcess(name, goExporter!, [])
        : new SubjectProcess(
            name,
            process.execPath,
            [...flags, 'bench/subjects/main.ts'],
            checkout,
          );
    return { process: started, ready: (await started.#ask(setup)) as Ready };
  }

  async measure(command: Command & { command: 'build' | 'refresh' | 'end' }): Promise<Reading> {
    return (await this.#ask(command)) as Reading;
  }

  async begin(command: Command & { command: 'begin' | 'refresh-and-begin' }): Promise<void> {
    await this.#ask(command);
  }

  async memory(): Promise<MemoryReading> {
    return (await this.#ask({ command: 'memory' })) as MemoryReading;
  }

  /** Ends the process, kindly at first. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await exit;
    clearTimeout(timer);
  }

  async #ask(line: object): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify(line)}\n`);
    const answer = await this.#lines.next();
    if (answer.done === true) throw new Error(`${this.#name} ended without an answer`);
    return JSON.parse(answer.value);
  }
}
