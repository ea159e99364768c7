import { BitText, type BlockTable, COUNT_BITS } from './block-table.ts';
import type { LinePlan, TemplateLines } from './line-plan.ts';
import { isLast, linesBack, literalsAfter, matchLength, matchShift } from './line-steps.ts';
import { distanceExtraBits, distanceSymbol, WINDOW } from './symbols.ts';

const COUNT = (1 << COUNT_BITS) - 1;

/** The output of one text after the other: it is filled and copied out, never handed out. */
let scratch: Uint8Array = new Uint8Array(0);

/**
 * Deflates lines by the plan of their ids: one block, which is not the last of a stream, refers to
 * nothing before it and ends on a byte boundary. Undefined if a value has a character that the
 * table does not have, or a match is out of reach.
 *
 * One loop without calls: bits are written in fewer nanoseconds than a call takes
 * (bench/micro/deflate.ts).
 */
export function writeLines(
  { text, lineEnd }: Pick<TemplateLines, 'text' | 'lineEnd'>,
  { steps }: Pick<LinePlan, 'steps'>,
  { literals, lengths, distances, head, end }: BlockTable,
): Buffer | undefined {
  const out = scratchOf(text.length * 2 + head.bytes.length + 16);
  out.set(head.bytes);
  let to = head.bytes.length;
  // Bits that wait for more: 15 at most before an entry, which has 17 at most.
  let bits = head.rest;
  let waiting = head.restBits;
  // Negative as soon as an entry is missing.
  let seen = 0;
  let next = 0;
  let at = 0;
  for (let line = 0, start = 0; line < lineEnd.length; start = lineEnd[line++]!) {
    // The last byte of a line is written with the next one.
    const lineStop = lineEnd[line]! - 1;
    for (let step = 0; !isLast(step); ) {
      step = steps[next++]!;
      const length = matchLength(step);
      if (length > 0) {
        let entry = lengths[length]!;
        seen |= entry;
        bits |= (entry >>> COUNT_BITS) << waiting;
        if ((waiting += entry & COUNT) >= 16) {
          out[to++] = bits;
          out[to++] = bits >>> 8;
          bits >>>= 16;
          waiting -= 16;
        }
        const back = line - linesBack(step);
        const distance = start - (back > 0 ? lineEnd[back - 1]! : 0) + matchShift(step);
        if (distance > WINDOW) return undefined;
        const symbol = distanceSymbol(distance);
        entry = distances[symbol]!;
        bits |= (entry >>> COUNT_BITS) << waiting;
        if ((waiting += entry & COUNT) >= 16) {
          out[to++] = bits;
          out[to++] = bits >>> 8;
          bits >>>= 16;
          waiting -= 16;
        }
        const extra = distanceExtraBits(symbol);
        bits |= ((distance - 1) & ((1 << extra) - 1)) << waiting;
        if ((waiting += extra) >= 16) {
          out[to++] = bits;
          out[to++] = bits >>> 8;
          bits >>>= 16;
          waiting -= 16;
        }
        at += length;
      }
      for (const stop = isLast(step) ? lineStop : at + literalsAfter(step); at < stop; at++) {
        const entry = literals[text[at]!]!;
        seen |= entry;
        bits |= (entry >>> COUNT_BITS) << waiting;
        if ((waiting += entry & COUNT) >= 16) {
          out[to++] = bits;
          out[to++] = bits >>> 8;
          bits >>>= 16;
          waiting -= 16;
        }
      }
    }
  }
  return seen < 0 ? undefined : ended(out, to, { bits, waiting }, [literals[text.at(-1)!]!, end]);
}

/**
 * A copy of what was written, with some last entries, and an empty stored block, which ends on a
 * byte boundary (RFC 1951, 3.2.4).
 */
function ended(
  out: Uint8Array,
  written: number,
  { bits, waiting }: { readonly bits: number; readonly waiting: number },
  entries: readonly number[],
): Buffer {
  const rest = new BitText();
  rest.put(bits, waiting);
  for (const entry of entries) rest.put(entry >>> COUNT_BITS, entry & COUNT);
  rest.put(0, 3);
  rest.put(0, (8 - rest.restBits) % 8);
  rest.bytes.push(0, 0, 0xff, 0xff);
  const blocks = Buffer.allocUnsafe(written + rest.bytes.length);
  blocks.set(out.subarray(0, written));
  blocks.set(rest.bytes, written);
  return blocks;
}

function scratchOf(bytes: number): Uint8Array {
  if (scratch.length < bytes) scratch = new Uint8Array(bytes);
  return scratch;
}
