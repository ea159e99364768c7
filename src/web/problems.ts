import { SnapscrapeError } from '../model/errors.ts';

const MOST_LISTED = 20;

/** Where in the file a problem is, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Takes what is wrong with a YAML file. */
export interface ProblemSink {
  /** Notes a problem: what is wrong and the remedy. */
  add(place: Place | undefined, text: string, cause?: unknown): void;
}

/** Collects the problems of one web configuration file, to report them all at once. */
export class WebConfigProblems implements ProblemSink {
  readonly #file: string;
  readonly #problems: { readonly place: Place | undefined; readonly text: string }[] = [];
  #cause: unknown;

  /** Begins an empty list for a file. */
  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Notes a problem: what is wrong and the remedy. Texts hold no value of a field that may be
   * secret.
   *
   * @param cause - the error that showed it; the first one is kept.
   */
  add(place: Place | undefined, text: string, cause?: unknown): void {
    this.#problems.push({ place, text });
    this.#cause ??= cause;
  }

  /** Throws `invalid_web_config` with every problem, in the order of the file, if there is one. */
  throwAny(): void {
    if (this.#problems.length === 0) return;
    const sorted = this.#problems.toSorted((a, b) => lineOf(a) - lineOf(b));
    const listed = sorted.slice(0, MOST_LISTED).map(({ place, text }) => {
      const where = place === undefined ? '' : `:${place.line}:${place.column}`;
      return `${this.#file}${where}: ${text}`;
    });
    const rest = sorted.length - listed.length;
    if (rest > 0) listed.push(`and ${rest} more problems`);
    const cause = this.#cause === undefined ? undefined : { cause: this.#cause };
    throw new SnapscrapeError('invalid_web_config', listed.join('\n'), cause);
  }
}

function lineOf({ place }: { readonly place: Place | undefined }): number {
  return place?.line ?? 0;
}
