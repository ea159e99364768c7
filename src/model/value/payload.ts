import type { Payload } from '../entries.ts';
import { readTail, type Tail, writeTail } from './tail.ts';
import { readValue } from './value-reader.ts';
import { type PointValue, writeValue } from './value-writer.ts';

/** What a point says of its series: all but name, labels and `updatedAt`. */
export interface PayloadParts extends Tail {
  readonly value: PointValue;
}

/** Makes the payload of a checked point. A number with nothing beside it stays a number. */
export function writePayload(parts: PayloadParts): Payload {
  const { value } = parts;
  const tail = writeTail(parts);
  return typeof value === 'number' && tail === '' ? value : writeValue(value) + tail;
}

/** Where a payload's value text ends and its tail begins; that is the end if it has no tail. */
export function tailStart(payload: string): number {
  // No value text has a space.
  const space = payload.indexOf(' ');
  return space < 0 ? payload.length : space;
}

/**
 * Reads a payload, canonical or not; undefined if it is not one. Only the grammar is checked, not
 * whether the value is sound.
 */
export function readPayload(payload: Payload): PayloadParts | undefined {
  if (typeof payload === 'number') return { value: payload };
  const end = tailStart(payload);
  const value = readValue(payload.slice(0, end));
  const tail = readTail(payload.slice(end));
  return value === undefined || tail === undefined ? undefined : { value, ...tail };
}
