// One step of a line's plan in 32 bits: a match, and how many literals follow it.
//
//   bits  0 to 8   the length of the match; 0 for none
//   bits  9 to 13  in which line it is copied from, counted back from this one
//   bits 14 to 24  how much later in its line this place is than that one, plus 1 024
//   bits 25 to 30  how many literals follow
//   bit  31        the last step of a line: all that follows in it are literals

/** How many lines back a match may lie. */
export const LINES_BACK = 31;

const SHIFT_BIAS = 1024;

/** The most literals of a step. */
export const MOST_LITERALS = 63;

/** Whether a match between lines can be told how far its places are apart in them. */
export function isShift(shift: number): boolean {
  return shift >= -SHIFT_BIAS && shift < SHIFT_BIAS;
}

/** A step with a match, without literals. */
export function matchStep(length: number, linesBack: number, shift: number): number {
  return length | (linesBack << 9) | ((shift + SHIFT_BIAS) << 14);
}

/** The same step with some literals. */
export function withLiterals(step: number, literals: number): number {
  return step | (literals << 25);
}

/** The same step as the last one of a line. */
export function asLast(step: number): number {
  return step | (1 << 31);
}

/** The length of a step's match; 0 for none. */
export function matchLength(step: number): number {
  return step & 0x1ff;
}

/** How many lines back a match lies. */
export function linesBack(step: number): number {
  return (step >>> 9) & 0x1f;
}

/** How much later in its line the match is than what it repeats. */
export function matchShift(step: number): number {
  return ((step >>> 14) & 0x7ff) - SHIFT_BIAS;
}

/** How many literals follow, unless the step is the last one of its line. */
export function literalsAfter(step: number): number {
  return (step >>> 25) & MOST_LITERALS;
}

/** Whether all that follows in the line are literals. */
export function isLast(step: number): boolean {
  return step < 0;
}
