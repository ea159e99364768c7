import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { REPOSITORY } from '../support/tools.ts';

/** A process that answers each line of JSON with one. */
export interface AskingProcess<Question, Answer> {
  /** Asks, and rejects when the process breaks. */
  ask(question: Question): Promise<Answer>;
  /** Ends the process. */
  close(): void;
}

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Starts a process. Answers come in the order of questions, so a queue of waiting callers is
 * enough.
 */
export function startAsking<Question, Answer>(
  name: string,
  command: string,
  args: readonly string[] = [],
): AskingProcess<Question, Answer> {
  const child = spawn(command, args, { cwd: REPOSITORY });
  const waiting: Waiting<Answer>[] = [];
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => {
    complaint += text.toString();
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    waiting.shift()?.resolve(JSON.parse(line) as Answer);
  });
  const fail = (error: Error): void => {
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  child.on('error', fail);
  child.stdin.on('error', fail);
  child.on('close', (code) => fail(new Error(`${name} ended with ${code}: ${complaint}`)));
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(question)}\n`);
      }),
    close: () => child.kill('SIGKILL'),
  };
}
