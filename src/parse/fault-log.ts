import { SnapscrapeError } from '../model/errors.ts';
import type { ExpositionFault, PagePlace, ParsingRules } from './exposition.ts';
import { FORMAT_RULES, type FormatRule } from './fault-rules.ts';

/** A page that the chosen rules refuse: code `invalid_exposition`, with every place. */
export class InvalidExpositionError extends SnapscrapeError {
  /** The places that break a rule, in the order of the page; at most `maxFaults`. */
  readonly faults: readonly ExpositionFault[];
  /** How many there were, those that were not kept included. */
  readonly faultCount: number;

  /**
   * Makes the error of a page.
   *
   * @param faults - the places that were kept, at least one.
   * @param faultCount - how many there were.
   */
  constructor(faults: readonly ExpositionFault[], faultCount: number) {
    const { rule, line, column, message, remedy } = faults[0]!;
    const more = faultCount > 1 ? `; ${faultCount - 1} more follow` : '';
    super(
      'invalid_exposition',
      `The page breaks the rule ${rule} at line ${line}, column ${column}: ${message}. ${remedy}${more}`,
    );
    this.faults = faults;
    this.faultCount = faultCount;
  }
}

/** Where a reader is. */
export interface Place {
  /** The text that holds the line. */
  readonly text: string;
  /** Where the line begins in the text. */
  readonly lineAt: number;
  /** The line's number, from 1. */
  readonly line: number;
  /** Whether the text is one character for each byte, because the bytes are not valid UTF-8. */
  readonly isBytes?: boolean;
}

const EXCERPT = 200;

/** Collects what breaks the rules. */
export class FaultLog {
  /** Whether the rules of the specification are checked, not only those of Prometheus. */
  readonly isStrict: boolean;
  /** Whether the page is read as Prometheus does: to the first fault. */
  readonly isPrometheus: boolean;
  /** How many faults there were. */
  count = 0;
  /** Whether one of them is a reason to refuse the page. */
  isRefused = false;
  readonly #kept: ExpositionFault[] = [];
  readonly #most: number;
  readonly #ignored: ReadonlySet<string> | undefined;

  /**
   * @param rules - a page ends at its first fault by the rules of Prometheus.
   * @param most - how many faults are kept.
   * @param ignored - rules whose faults are neither kept nor counted, unless reading ends there.
   */
  constructor(rules: ParsingRules, most: number, ignored?: ReadonlySet<string>) {
    this.isStrict = rules === 'specification';
    this.isPrometheus = rules === 'prometheus';
    this.#most = most;
    this.#ignored = ignored;
  }

  /** The first faults. */
  get kept(): readonly ExpositionFault[] {
    return this.#kept;
  }

  /** Counts a fault at a position of the place's text; throws by the rules of Prometheus. */
  report(rule: FormatRule, place: Place, at: number = place.lineAt, detail?: string): void {
    if (this.#ignored?.has(rule) === true) return;
    this.isRefused = true;
    this.warn(rule, place, at, detail);
    if (this.isPrometheus) this.refuse();
  }

  /** Counts a fault that costs less than the page, by any rules. */
  warn(rule: FormatRule, place: Place, at: number = place.lineAt, detail?: string): void {
    if (this.#ignored?.has(rule) === true) return;
    if (++this.count <= this.#most) this.#kept.push(faultAt(rule, place, at, detail));
  }

  /** Counts a fault after which nothing more can be read, and throws. */
  stop(rule: FormatRule, place: Place, at: number = place.lineAt, detail?: string): never {
    this.count++;
    // It is why there is nothing more, so it is kept in any case.
    if (this.#kept.length >= this.#most) this.#kept.pop();
    this.#kept.push(faultAt(rule, place, at, detail));
    this.refuse();
  }

  /** Throws the faults that there are. */
  refuse(): never {
    throw new InvalidExpositionError(this.#kept, this.count);
  }
}

function faultAt(rule: FormatRule, place: Place, at: number, detail?: string): ExpositionFault {
  const { reason, remedy } = FORMAT_RULES[rule];
  const message = detail === undefined ? reason : `${reason}: ${detail}`;
  return { rule, ...placeOf(place, at), message, remedy };
}

/** A place as it is kept: with a part of its line. */
export function placeOf(place: Place, at: number): PagePlace {
  const { text } = place;
  let { lineAt, line } = place;
  // By the rules of Prometheus a label value may go on in the next lines.
  for (let feed = text.indexOf('\n', lineAt); feed >= 0 && feed < at; ) {
    line++;
    lineAt = feed + 1;
    feed = text.indexOf('\n', lineAt);
  }
  const lineEnd = text.indexOf('\n', lineAt);
  const end = lineEnd < 0 ? text.length : lineEnd;
  const from = Math.max(lineAt, at - EXCERPT / 2);
  // A copy, so that the place does not keep the page.
  const copied = (start: number, stop: number): string =>
    Buffer.from(text.slice(start, stop), place.isBytes === true ? 'latin1' : 'utf8').toString();
  const before = copied(from, at);
  const excerpt = before + copied(at, Math.min(end, from + EXCERPT));
  // Two units of a text may be one character.
  const column = Array.from(copied(lineAt, at)).length + 1;
  return { line, column, excerpt, mark: before.length };
}
