import { SymbolCounts } from './block-table.ts';
import {
  asLast,
  isShift,
  LINES_BACK,
  MOST_LITERALS,
  matchStep,
  withLiterals,
} from './line-steps.ts';
import { LONGEST_MATCH, WINDOW } from './symbols.ts';

/** Lines of which some bytes stay from text to text: their ids, and the space behind each. */
export interface TemplateLines {
  readonly text: Buffer;
  /** Where each line ends, behind its line feed; the last one ends the text. */
  readonly lineEnd: Uint32Array;
  /** Where each line's id ends. */
  readonly idEnd: Uint32Array;
}

/** What is known of lines whose ids stay: where each repeats what stands before it. */
export interface LinePlan {
  /** The steps of the lines, one after the other: some 4 to 12 bytes a line. */
  readonly steps: Int32Array;
  /** The symbols of the text that the plan was made of. */
  readonly counts: SymbolCounts;
}

/** The shortest match with what stands at the same place of the line before. */
const SHORTEST = 4;

/** The shortest other match: its distance takes more bits, and the plan four bytes more. */
const SHORTEST_ELSEWHERE = 6;

/** A match that is long enough: no longer one is looked for. */
const LONG_ENOUGH = 32;

/** Each so many lines all places are remembered, so that there are some in reach. */
const REMEMBERED_LINES = 16;

/** How far back a match lies at most: values that get longer must not move it out of the window. */
const FARTHEST = WINDOW / 2;

/** How many places are remembered, by a hash of the four bytes that stand there. */
const PLACE_BITS = 13;

/** What values are written with beside digits, and how often each is thought to be met. */
const VALUE_CHARACTERS: readonly (readonly [string, number])[] = [
  ['.-e+', 1],
  ['NaInf', 0.25],
];

/**
 * Plans how lines are deflated for as long as their ids stay: which of their bytes repeat ids
 * before them. Values are never repeated, since they change. The line feed before a line belongs to
 * its id: for the most part one match has both.
 */
export function planLines(lines: TemplateLines): LinePlan {
  return new Planner(lines).plan();
}

function isInReach(linesBack: number, shift: number, distance: number): boolean {
  return linesBack <= LINES_BACK && isShift(shift) && distance <= FARTHEST;
}

class Planner {
  readonly #lines: TemplateLines;
  readonly #counts = new SymbolCounts();
  /** Behind the latest places; 0 for none. */
  readonly #places = new Uint32Array(1 << PLACE_BITS);
  /** In which lines they are. */
  readonly #placeLines = new Uint32Array(1 << PLACE_BITS);
  #steps: Int32Array;
  #length = 0;
  // The step that is not yet pushed, and how many literals follow it so far.
  #step = 0;
  #literals = 0;

  constructor(lines: TemplateLines) {
    this.#lines = lines;
    this.#steps = new Int32Array(lines.lineEnd.length * 2);
  }

  plan(): LinePlan {
    const { text, lineEnd } = this.#lines;
    const counts = this.#counts;
    for (let line = 0; line < lineEnd.length; line++) this.#planLine(line);
    counts.literals[text.at(-1)!]!++;
    // No digit is missing because no value has it today.
    const digits = 1 + lineEnd.length / 64;
    for (let digit = 0x30; digit < 0x3a; digit++) counts.literals[digit]! += digits;
    for (const [characters, count] of VALUE_CHARACTERS) {
      for (const character of characters) counts.literals[character.charCodeAt(0)]! += count;
    }
    return { steps: this.#steps.slice(0, this.#length), counts };
  }

  #planLine(line: number): void {
    const { text, lineEnd } = this.#lines;
    const end = this.#fixedEnd(line);
    // How far back stands, in the line before, what goes on alike.
    let back = this.#start(line) - this.#start(line - 1);
    for (let at = this.#fixedStart(line); at < end; ) {
      let from = at - back;
      let fromLine = line - 1;
      let length = this.#alike(from, fromLine, at, end);
      const hash = length < LONG_ENOUGH && at + SHORTEST <= end ? this.#hash(at) : -1;
      const place = hash < 0 ? 0 : this.#places[hash]!;
      if (place > 0) {
        const placeLine = this.#placeLines[hash]!;
        const other = this.#alike(place - 1, placeLine, at, end);
        if (other > length && other >= SHORTEST_ELSEWHERE) {
          length = other;
          from = place - 1;
          fromLine = placeLine;
        }
      }
      const shift = at - this.#start(line) - (from - this.#start(fromLine));
      if (length < SHORTEST || !isInReach(line - fromLine, shift, at - from)) {
        if (hash >= 0) this.#remember(hash, at, line);
        this.#addLiteral(text[at++]!);
        continue;
      }
      this.#addMatch(matchStep(length, line - fromLine, shift));
      this.#counts.addMatch(length, at - from);
      if (at - from !== back || line % REMEMBERED_LINES === 0) {
        const stop = Math.min(at + length, end - SHORTEST + 1);
        for (let i = at; i < stop; i++) this.#remember(this.#hash(i), i, line);
      }
      if (fromLine === line - 1) back = at - from;
      at += length;
    }
    for (let at = end; at < lineEnd[line]! - 1; at++) this.#counts.literals[text[at]!]!++;
    this.#push(asLast(this.#step));
    this.#step = 0;
    this.#literals = 0;
  }

  #start(line: number): number {
    return line <= 0 ? 0 : this.#lines.lineEnd[line - 1]!;
  }

  /** Where the bytes of a line begin that stay: at the line feed before it. */
  #fixedStart(line: number): number {
    return line <= 0 ? 0 : this.#lines.lineEnd[line - 1]! - 1;
  }

  /** Where they end: behind the space, if the line has a value. */
  #fixedEnd(line: number): number {
    return Math.min(this.#lines.idEnd[line]! + 1, this.#lines.lineEnd[line]! - 1);
  }

  /** How many bytes are the same at a place of a line and at one that is to repeat it. */
  #alike(from: number, fromLine: number, at: number, end: number): number {
    if (from < 0 || fromLine < 0) return 0;
    const { text } = this.#lines;
    const most = Math.min(end - at, this.#fixedEnd(fromLine) - from, LONGEST_MATCH);
    let length = 0;
    while (length < most && text[from + length] === text[at + length]) length++;
    return length;
  }

  #hash(at: number): number {
    const { text } = this.#lines;
    const bytes = text[at]! | (text[at + 1]! << 8) | (text[at + 2]! << 16) | (text[at + 3]! << 24);
    return Math.imul(bytes, 0x9e3779b1) >>> (32 - PLACE_BITS);
  }

  #remember(hash: number, at: number, line: number): void {
    this.#places[hash] = at + 1;
    this.#placeLines[hash] = line;
  }

  #addLiteral(byte: number): void {
    this.#counts.literals[byte]!++;
    if (this.#literals === MOST_LITERALS) this.#begin(0);
    this.#literals++;
  }

  #addMatch(step: number): void {
    // A line may begin with a match: there is no step before it.
    if (this.#step === 0 && this.#literals === 0) this.#step = step;
    else this.#begin(step);
  }

  #begin(step: number): void {
    this.#push(withLiterals(this.#step, this.#literals));
    this.#step = step;
    this.#literals = 0;
  }

  #push(step: number): void {
    if (this.#length === this.#steps.length) {
      const longer = new Int32Array(this.#length * 2);
      longer.set(this.#steps);
      this.#steps = longer;
    }
    this.#steps[this.#length++] = step;
  }
}
