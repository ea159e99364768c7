// The processes of subjects of the ordinary exporter, from the side of what measures them.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The subject that is not a process of Node. */
export const GO_SUBJECT = 'Go client_golang';

const PROGRAM = fileURLToPath(new URL('./subject-process.ts', import.meta.url));

/** An order to a subject: change all values, begin to measure, or report the cost. */
type Order = 'cycle' | 'begin' | 'end';

/** A subject that listens. */
export interface OrdinaryProcess {
  readonly port: number;
  /** Resolves with what it returns once it has obeyed. */
  ask(order: Order): Promise<unknown>;
  /** Ends it. */
  stop(): Promise<void>;
}

/** Starts a subject of Node. */
export async function startNode(
  args: readonly string[],
  profiles: string | undefined,
): Promise<OrdinaryProcess> {
  const profiling = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
  const child = fork(PROGRAM, args, { execArgv: ['--import', 'tsx', ...profiling] });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return {
    port,
    ask: async (order) => {
      const answer = once(child, 'message');
      child.send(order);
      return (await answer)[0];
    },
    stop: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

/** Starts the Go program, which makes its own data. */
export async function startGo(path: string, kind: string, size: number): Promise<OrdinaryProcess> {
  const child = spawn(path, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (line: object): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(line)}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error('The Go program ended without a response');
    return JSON.parse(value);
  };
  const { port } = (await ask({ kind, size })) as { readonly port: number };
  return {
    port,
    ask: (order) => ask({ command: order === 'end' ? 'ordinary-end' : order }),
    stop: async () => {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
