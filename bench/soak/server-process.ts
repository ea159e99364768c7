import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ServerAnswer, ServerCommand, ServerReady } from './protocol.ts';

const SERVER: string = fileURLToPath(new URL('server.ts', import.meta.url));

/** The server of the soak from outside; commands are carried out in order. */
export class ServerProcess {
  /** Where it serves. */
  readonly port: number;
  readonly #child: ChildProcess;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<ServerProcess> {
    const child = fork(SERVER, {
      execArgv: ['--expose-gc', '--import', 'tsx'],
      serialization: 'advanced',
    });
    const [ready] = (await once(child, 'message')) as [ServerReady];
    return new ServerProcess(child, ready.port);
  }

  /** Sends a command and waits for its answer; rejects when the process is gone. */
  ask(command: ServerCommand): Promise<ServerAnswer> {
    const answer = this.#last.then(() => this.#askNow(command));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.disconnect();
    await exit;
  }

  #askNow(command: ServerCommand): Promise<ServerAnswer> {
    return new Promise((resolve, reject) => {
      const gone = (code: number | null): void => reject(new Error(`The server ended: ${code}`));
      this.#child.once('exit', gone);
      this.#child.once('message', (answer) => {
        this.#child.off('exit', gone);
        resolve(answer as ServerAnswer);
      });
      this.#child.send(command);
    });
  }
}
