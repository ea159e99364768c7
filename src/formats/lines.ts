import { KeyFrame, splitLabels } from '../model/key/index.ts';
import { readSeconds, splitTail, type TailText } from '../model/value/index.ts';
import type { EncodedLines, IndexedLines } from './encoder.ts';

/** Takes a line: its key, the text of its value, and what stands behind it. */
export type LineVisitor = (key: string, value: string, tail: TailText) => void;

const NO_TAIL: TailText = Object.freeze({
  timestamp: undefined,
  startTime: undefined,
  exemplars: Object.freeze([]),
});

/** Takes lines apart, one after the other. */
export function eachLine(
  { text, tails }: EncodedLines,
  visit: LineVisitor,
  charset: 'utf8' | 'latin1' = 'utf8',
): void {
  let last: string | undefined;
  let split = NO_TAIL;
  splitLines(text.toString(charset), (key, value, line) => {
    const tail = tails?.[line];
    // Many lines have the same one, such as the time at which all were measured.
    if (tail !== last) split = tail === undefined ? NO_TAIL : (splitTail(tail) ?? NO_TAIL);
    last = tail;
    visit(key, value, split);
  });
}

function splitLines(text: string, visit: (key: string, value: string, line: number) => void): void {
  for (let start = 0, line = 0; start < text.length; line++) {
    const end = text.indexOf('\n', start);
    // No value has a space.
    const space = text.lastIndexOf(' ', end);
    visit(text.slice(start, space), text.slice(space + 1, end), line);
    start = end + 1;
  }
}

const LINE_FEED = 0x0a;
const SPACE = 0x20;

/** Where a line begins. */
export function lineStart({ lineEnd }: Pick<IndexedLines, 'lineEnd'>, line: number): number {
  return line === 0 ? 0 : lineEnd[line - 1]!;
}

/** The lines with where each ends, as far as that is not known already. */
export function indexLines({ text, tails, lineEnd, idEnd }: EncodedLines): IndexedLines {
  if (lineEnd !== undefined && idEnd !== undefined) return { text, tails, lineEnd, idEnd };
  const lineEnds: number[] = [];
  const idEnds: number[] = [];
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf(LINE_FEED, start);
    // No value has a space.
    idEnds.push(text.lastIndexOf(SPACE, end));
    start = end + 1;
    lineEnds.push(start);
  }
  return { text, tails, lineEnd: Uint32Array.from(lineEnds), idEnd: Uint32Array.from(idEnds) };
}

/** A time in decimal seconds as whole milliseconds. Tails are sound. */
export function milliseconds(seconds: string): number {
  return readSeconds(seconds) ?? 0;
}

/** Gives each line another key and tail, or leaves it out if there is no key. */
export function mapLines(
  { text, tails }: EncodedLines,
  keyOf: (key: string) => string | undefined,
  tailOf: (tail: string) => string = (tail) => tail,
): EncodedLines {
  let mapped = '';
  const mappedTails: (string | undefined)[] = [];
  splitLines(text.toString(), (given, value, line) => {
    const key = keyOf(given);
    if (key === undefined) return;
    mapped += `${key} ${value}\n`;
    const tail = tails?.[line];
    mappedTails.push(tail === undefined ? undefined : tailOf(tail));
  });
  return { text: Buffer.from(mapped), tails: tails === undefined ? undefined : mappedTails };
}

const NUL = '\0';

/** Whether parsers of text read a name, or labels of an exemplar: none reads U+0000 there. */
export function isReadable(text: string): boolean {
  return !text.includes(NUL);
}

/**
 * The lines without those that have a label whose name no parser of text reads; mostly the same
 * object.
 *
 * @param name - of the family.
 */
export function readableLines(lines: EncodedLines, name: string): EncodedLines {
  if (!lines.text.includes(0)) return lines;
  const frame = new KeyFrame(name);
  let isWhole = true;
  const readable = mapLines(lines, (key) => {
    if (splitLabels(frame.labelsOf(key)).every(([label]) => isReadable(label))) return key;
    isWhole = false;
    return undefined;
  });
  return isWhole ? lines : readable;
}
