import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { type BundledProgram, bundleProgram } from './bundle.ts';
import { until } from './until.ts';

const PROGRAM = resolve(import.meta.dirname, '../fault/lmdb-writer.ts');
const PATIENCE_MS = 60_000;

/** A process that writes to a store; see test/fault/lmdb-writer.ts. */
export class LmdbWriter {
  /** The last round that it said is acknowledged; 0 before the first. */
  acknowledged = 0;
  /** The code with which a round failed. */
  failure: string | undefined;
  readonly #child: ChildProcess;
  #errors = '';
  #rest = '';

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
  }

  /** Waits for an acknowledged round, or a failed one. */
  async reached(round: number): Promise<void> {
    await until(
      `round ${round} is acknowledged; ${this.#errors}`,
      () => this.acknowledged >= round || this.failure !== undefined || this.isOver,
      PATIENCE_MS,
    );
    if (this.acknowledged >= round || this.failure !== undefined) return;
    const { exitCode, signalCode } = this.#child;
    throw new Error(
      `the writer ended (${exitCode ?? signalCode}) after round ${this.acknowledged}, before ${round}: ${this.#errors}`,
    );
  }

  /** Whether the process has ended. */
  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Kills it at once, as nothing can be caught, and waits until all that it said is read. */
  async kill(): Promise<void> {
    if (this.isOver) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith('failed ')) this.failure = line.slice('failed '.length);
      else this.acknowledged = Number(line);
    }
  }
}

/** Starts writers, and ends what is left of them. */
export class LmdbWriters {
  readonly #program: BundledProgram;
  readonly #all: LmdbWriter[] = [];

  /** @param program - what each writer runs. Default: test/fault/lmdb-writer.ts. */
  constructor(program: string = PROGRAM) {
    this.#program = bundleProgram(program);
  }

  /**
   * Starts a writer.
   *
   * @param from - its first round.
   * @param fileBlocks - how large its files may become, in KiB.
   */
  start(path: string, name: string, from: number, fileBlocks?: number): LmdbWriter {
    const args = [this.#program.path, path, name, `${from}`];
    const shell = ['-c', `ulimit -f ${fileBlocks}; exec "$0" "$@"`, process.execPath, ...args];
    const writer =
      fileBlocks === undefined
        ? new LmdbWriter(process.execPath, args)
        : new LmdbWriter('bash', shell);
    this.#all.push(writer);
    return writer;
  }

  /** Ends all of them. */
  async end(): Promise<void> {
    await Promise.all(this.#all.map((writer) => writer.kill()));
    this.#program.remove();
  }
}
