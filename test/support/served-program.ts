import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgramLogger } from '../../src/cli/program-logger.ts';
import { readConfiguration } from '../../src/cli/serve/read-configuration.ts';
import { ServeProgram } from '../../src/cli/serve/serve-program.ts';
import { flagsOf, readArguments } from '../../src/cli/settings/flags.ts';
import { readFlags } from '../../src/cli/settings/read-settings.ts';
import { SERVE_FLAGS, SERVE_SETTINGS } from '../../src/cli/settings/serve-settings.ts';

/** A response, with its body read. */
interface Got {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** `snapscrape serve` in this process. */
export interface ServedProgram {
  readonly program: ServeProgram;
  readonly get: (path: string, init?: RequestInit) => Promise<Got>;
  /** The data of a path below `/api/v1/status/`. */
  readonly data: (name: string) => Promise<Record<string, string>>;
}

/** Programs of a test, with a folder for their files, and the lines that they logged. */
export class ServedPrograms {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'serve-'));
  readonly lines: string[] = [];
  readonly #programs: ServeProgram[] = [];

  /** Writes a file of the folder. */
  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  /** Starts a program with a configuration file and more flags. */
  async serve(file: string, ...more: readonly string[]): Promise<ServedProgram> {
    this.write('snapscrape.yml', file);
    const flags = flagsOf(SERVE_SETTINGS, SERVE_FLAGS);
    const args = readArguments(flags, [
      `--config.file=${join(this.folder, 'snapscrape.yml')}`,
      '--web.listen-address=127.0.0.1:0',
      ...more,
    ]);
    const environment = new Map();
    const values = readFlags(flags, SERVE_FLAGS, { args, environment, file: undefined });
    const { 'config.file': path, 'web.telemetry-path': metricsPath } = values;
    const origin = { flags, args, environment, file: path, metricsPath };
    const configuration = await readConfiguration(origin);
    const log = createProgramLogger(configuration.settings.log, (line) => this.lines.push(line));
    const program = await ServeProgram.start(origin, values, configuration, log);
    this.#programs.push(program);
    const get = async (path: string, init?: RequestInit): Promise<Got> => {
      const url = `${program.addresses[0]!.url}${path}`;
      const headers = new Headers(init?.headers);
      // A server that is closed waits for connections that are kept.
      headers.set('connection', 'close');
      const response = await fetch(url, { redirect: 'manual', ...init, headers });
      return { status: response.status, text: await response.text(), headers: response.headers };
    };
    const data = async (name: string): Promise<Record<string, string>> => {
      const { text } = await get(`/api/v1/status/${name}`);
      return (JSON.parse(text) as { data: Record<string, string> }).data;
    };
    return { program, get, data };
  }

  /** Closes all programs and removes the folder. */
  async close(): Promise<void> {
    for (const program of this.#programs) await program.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** The lines of a page that begin with a text. */
export const linesOf = (text: string, start: string): readonly string[] =>
  text.split('\n').filter((line) => line.startsWith(start));
