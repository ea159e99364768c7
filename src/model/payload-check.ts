import type { Payload } from './entries.ts';
import type { RejectionReason } from './rejection.ts';
import {
  checkComposite,
  exemplarText,
  MOST_POINT_BYTES,
  projectedBytes,
  readPayload,
  writeTail,
  writeValue,
} from './value/index.ts';

/** What a point says of its series, as it came from outside. */
export interface GivenParts {
  readonly value: unknown;
  readonly timestamp: unknown;
  readonly startTime: unknown;
  readonly exemplars: unknown;
}

/**
 * Checks what a point with a key says, and writes it as a payload; returns a reason if it is
 * rejected.
 */
export function checkPayload(
  key: string,
  { value, timestamp, startTime, exemplars }: GivenParts,
): { readonly payload: Payload } | RejectionReason {
  if (!isTime(timestamp)) return 'invalid_timestamp';
  if (!isTime(startTime)) return 'invalid_start_time';
  const checked = checkValue(value);
  if (typeof checked === 'string') return checked;
  const examples = exemplars === undefined ? '' : readExemplars(exemplars);
  if (examples === undefined) return 'invalid_exemplars';
  const tail = writeTail({ timestamp, startTime }) + examples;
  if (typeof checked === 'number' && tail === '') return { payload: checked };
  const payload = writeValue(checked) + tail;
  return projectedBytes(key, checked, payload) > MOST_POINT_BYTES ? 'point_too_large' : { payload };
}

/**
 * Whether a text is exactly the payload that admission would write for a point with a key; for
 * texts that others may have written.
 */
export function isSoundPayload(key: string, text: string): boolean {
  const parts = readPayload(text);
  if (parts === undefined) return false;
  const { value, timestamp, startTime, exemplars } = parts;
  const checked = checkPayload(key, { value, timestamp, startTime, exemplars });
  return typeof checked === 'object' && checked.payload === text;
}

function readExemplars(given: unknown): string | undefined {
  if (!Array.isArray(given)) return undefined;
  let text = '';
  for (const exemplar of given as unknown[]) {
    if (typeof exemplar !== 'object' || exemplar === null) return undefined;
    const { labels, value, timestamp } = exemplar as Record<string, unknown>;
    if (typeof value !== 'number' || !isTime(timestamp)) return undefined;
    const one = exemplarText(labels, value, timestamp);
    if (one === undefined) return undefined;
    text += one;
    // What is already too long needs no more of it.
    if (text.length > MOST_POINT_BYTES) break;
  }
  return text;
}

function checkValue(value: unknown): ReturnType<typeof checkComposite> | number | RejectionReason {
  if (typeof value === 'number') return value;
  if (typeof value !== 'object' || value === null) return 'invalid_value';
  return checkComposite(value);
}

function isTime(given: unknown): given is number | undefined {
  return given === undefined || Number.isSafeInteger(given);
}
