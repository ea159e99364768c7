import { SnapscrapeError } from '../errors.ts';
import { KeyWriter, readPairs } from '../key/index.ts';
import type { Exemplar } from '../point-value.ts';
import { formatSampleValue } from '../sample-value.ts';
import { MOST_POINT_BYTES } from './limits.ts';
import { readNumber, readSeconds, secondsText } from './number-text.ts';

/** What a point may have beside its value. */
export interface Tail {
  /** Unix milliseconds. */
  readonly timestamp?: number | undefined;
  /** Unix milliseconds. */
  readonly startTime?: number | undefined;
  readonly exemplars?: readonly Exemplar[] | undefined;
}

const START = ' st@';
const EXEMPLAR = ' # ';

/**
 * Writes what stands behind a value, as in ` 1763990000.123 st@1763980000 # {a="b"} 0.7`. Empty for
 * a point that has none of it. Everything is checked already.
 *
 * @throws SnapscrapeError `invalid_point` if labels of an exemplar are not legal.
 */
export function writeTail({ timestamp, startTime, exemplars = [] }: Tail): string {
  let text = joinTail({
    timestamp: timestamp === undefined ? undefined : secondsText(timestamp),
    startTime: startTime === undefined ? undefined : secondsText(startTime),
    exemplars: [],
  });
  for (const exemplar of exemplars) {
    const one = exemplarText(exemplar.labels, exemplar.value, exemplar.timestamp);
    if (one === undefined) {
      const message = `The labels of an exemplar are not legal (${writer.reason}); correct them`;
      throw new SnapscrapeError('invalid_point', message);
    }
    text += one;
  }
  return text;
}

/** Puts together what {@link splitTail} took apart. */
export function joinTail({ timestamp, startTime, exemplars }: TailText): string {
  let text = timestamp === undefined ? '' : ` ${timestamp}`;
  if (startTime !== undefined) text += START + startTime;
  for (const { labels, value, timestamp: time } of exemplars) {
    text += `${EXEMPLAR}${labels} ${value}${time === undefined ? '' : ` ${time}`}`;
  }
  return text;
}

// Only what stands behind the name is used.
const NAME = 'x';
const writer = new KeyWriter(MOST_POINT_BYTES);

/**
 * Writes one exemplar of a tail; undefined if its labels are not legal or too long.
 *
 * @param labels - as they came from outside.
 */
export function exemplarText(
  labels: unknown,
  value: number,
  timestamp: number | undefined,
): string | undefined {
  if (labels === undefined || !writer.write(NAME, labels)) return undefined;
  const pairs = writer.key.slice(NAME.length) || '{}';
  const time = timestamp === undefined ? '' : ` ${secondsText(timestamp)}`;
  return `${EXEMPLAR}${pairs} ${formatSampleValue(value)}${time}`;
}

/** The parts of a tail, still as text; the times are decimal seconds. */
export interface TailText {
  readonly timestamp: string | undefined;
  readonly startTime: string | undefined;
  readonly exemplars: readonly ExemplarText[];
}

/** An exemplar as text. */
export interface ExemplarText {
  /** The labels in their braces, `{}` for none. */
  readonly labels: string;
  readonly value: string;
  /** Decimal seconds. */
  readonly timestamp: string | undefined;
}

/**
 * Takes a tail apart, which may be empty; undefined if the text is not one. Numbers are not looked
 * at.
 */
export function splitTail(tail: string): TailText | undefined {
  let at = 0;
  const word = (): string => {
    const end = tail.indexOf(' ', at + 1);
    const text = tail.slice(at + 1, end < 0 ? tail.length : end);
    at += 1 + text.length;
    return text;
  };
  const isWord = (): boolean => at < tail.length && !tail.startsWith(EXEMPLAR, at);
  const exemplars: ExemplarText[] = [];
  if (tail !== '' && !tail.startsWith(' ')) return undefined;
  const timestamp = isWord() && !tail.startsWith(START, at) ? word() : undefined;
  const startTime = tail.startsWith(START, at) ? word().slice(START.length - 1) : undefined;
  while (tail.startsWith(EXEMPLAR, at)) {
    const open = at + EXEMPLAR.length;
    const end = readPairs(tail, open)?.end;
    if (end === undefined || tail[end] !== ' ') return undefined;
    at = end;
    const labels = tail.slice(open, end);
    exemplars.push({ labels, value: word(), timestamp: isWord() ? word() : undefined });
  }
  return at === tail.length ? { timestamp, startTime, exemplars } : undefined;
}

/** Reads a tail, which may be empty; undefined if the text is not one. */
export function readTail(tail: string): Tail | undefined {
  // A line feed would end the line, and what is not well-formed has no bytes.
  const isText = tail.isWellFormed() && !tail.includes('\n');
  const split = isText ? splitTail(tail) : undefined;
  if (split === undefined) return undefined;
  let hasFailed = false;
  const checked = <T>(read: T | undefined): T => {
    hasFailed ||= read === undefined;
    return read!;
  };
  const timeOf = ({ timestamp }: { readonly timestamp: string | undefined }): Tail =>
    timestamp === undefined ? {} : { timestamp: checked(readSeconds(timestamp)) };
  const exemplars = split.exemplars.map((exemplar) => ({
    labels: readPairs(exemplar.labels, 0)!.labels,
    value: checked(readNumber(exemplar.value)),
    ...timeOf(exemplar),
  }));
  const read: Tail = {
    ...timeOf(split),
    ...(split.startTime !== undefined && { startTime: checked(readSeconds(split.startTime)) }),
    ...(exemplars.length > 0 && { exemplars }),
  };
  return hasFailed ? undefined : read;
}
