import type { Place } from '../../web/problems.ts';

/** What is wrong with the arguments, the environment or the configuration file. */
export interface Problem {
  /** Where in the file; undefined for a flag and a variable. */
  readonly place: Place | undefined;
  /** What is wrong. */
  readonly text: string;
  /** The known name that the user may have meant. */
  readonly suggestion?: string | undefined;
  /** Whether a key is unknown, which may be the cause of other problems. */
  readonly isUnknownKey?: boolean;
}

/** Ends a command with exit code 2: every problem that was found. */
export class UsageError extends Error {
  /** The one to tell alone: an unknown key, else the first one of the file. */
  readonly main: Problem;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
  /** The configuration file, if the problems are in one. */
  readonly file: string | undefined;

  /** Makes an error of at least one problem. */
  constructor(problems: readonly Problem[], file?: string) {
    const sorted = problems.toSorted((a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0));
    const main = sorted.find(({ isUnknownKey }) => isUnknownKey) ?? sorted[0]!;
    super(problemText(main, file));
    this.name = 'UsageError';
    this.main = main;
    this.problems = sorted;
    this.file = file;
  }
}

/** A problem as one line. */
export function problemText({ place, text, suggestion }: Problem, file?: string): string {
  const where = place === undefined || file === undefined ? '' : `${file}:${place.line}: `;
  const remedy = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
  return where + text + remedy;
}

/** The error of one problem that has no place. */
export function usage(text: string, suggestion?: string): UsageError {
  return new UsageError([{ place: undefined, text, suggestion }]);
}
