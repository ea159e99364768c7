import { afterAll, beforeAll } from 'vitest';
import { skipWithout, type Tool, toolPath } from '../support/tools.ts';
import { startAsking } from './asking-process.ts';
import type { Exposition, Reading } from './reading.ts';

/**
 * The parsers that judge what we serve.
 *
 * - `textparse-utf8`, `textparse-legacy`: a Prometheus server, with either name validation.
 * - `expfmt`: Go programs; strict by the grammar of OpenMetrics 1.0, where the body is that.
 * - `python`: the reference parsers of Python's `prometheus_client`.
 */
export type JudgeName = 'textparse-utf8' | 'textparse-legacy' | 'expfmt' | 'python';

/** Reads expositions, one after the other. */
export interface Judge {
  /** What the parser made of an exposition; rejects when the judge itself breaks. */
  read(exposition: Exposition): Promise<Reading>;
  /** Ends the judge's process. */
  close(): void;
}

/** Every judge. */
export const JUDGES: readonly JudgeName[] = [
  'textparse-utf8',
  'textparse-legacy',
  'expfmt',
  'python',
];

/** Starts a judge; undefined when its tool is not installed. */
export function startJudge(name: JudgeName): Judge | undefined {
  const command = toolPath(toolOf(name));
  const args = name === 'python' ? ['test/conformance/judge_python.py'] : [];
  return command === undefined ? undefined : processJudge(name, command, args);
}

/**
 * Has a judge ready for the tests of the enclosing suite, which are skipped where it is missing.
 */
export function useJudge(name: JudgeName): Pick<Judge, 'read'> {
  skipWithout(toolOf(name));
  let judge: Judge | undefined;
  beforeAll(() => {
    judge = startJudge(name);
  });
  afterAll(() => judge?.close());
  return {
    read: (exposition) => judge?.read(exposition) ?? Promise.reject(new Error(`no ${name}`)),
  };
}

function toolOf(name: JudgeName): Tool {
  return name === 'python' ? 'judge-python' : 'judge-go';
}

/** What the judges are asked. */
interface Job {
  readonly reader: JudgeName;
  readonly contentType: string;
  readonly bodyBase64: string;
}

function processJudge(reader: JudgeName, command: string, args: readonly string[]): Judge {
  const judge = startAsking<Job, Reading>(reader, command, args);
  return {
    read: ({ contentType, body }) =>
      judge.ask({ reader, contentType, bodyBase64: body.toString('base64') }),
    close: () => judge.close(),
  };
}
