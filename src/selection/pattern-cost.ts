// One token of RE2's syntax, as far as it bears on the cost: a quoted stretch, a class of Unicode, an
// escape, a bracketed class, a repetition with numbers, or any other character.
const TOKEN =
  /\\Q.*?(?:\\E|$)|\\[pP](?:\{[^}]*\}|.?)|\\x\{[^}]*\}|\\.?|\[\^?\]?(?:\\.|\[:[^\]]*:\]|[^\]\\])*\]?|\{\d+(?:,\d*)?\}|./suy;
const UNICODE_CLASS = /\\[pP]/g;
const WIDE = /[\u0080-\uffff]|\\x/;

/** What a class of Unicode costs beside a character: its hundreds of ranges are folded and sorted. */
const UNICODE_CLASS_COST = 150;
/** What a range of a class costs that may hold thousands of characters, each to be folded. */
const WIDE_RANGE_COST = 1000;

/**
 * About how much work it is to compile a pattern, one for a character, without doing it.
 *
 * RE2 writes repetitions out, so `(a{500}b{500}){1}` is a thousand and a few dozen characters may become
 * a million instructions before their number is known.
 */
export function patternCost(pattern: string): number {
  const outer: number[] = [];
  let cost = 0;
  let last = 0;
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(pattern); found !== null; found = TOKEN.exec(pattern)) {
    const token = found[0];
    if (token === '(') {
      outer.push(cost);
      cost = 0;
      last = 1;
    } else if (token === ')') {
      last = cost + 1;
      cost = (outer.pop() ?? 0) + last;
    } else if (token.startsWith('{') && token.length > 1) {
      const repeated = last * (timesOf(token) - 1);
      cost += repeated;
      last += repeated;
    } else {
      last = atomCost(token);
      cost += last;
    }
  }
  return outer.reduce((sum, part) => sum + part, cost);
}

function timesOf(repetition: string): number {
  return Math.max(1, ...repetition.slice(1, -1).split(',').map(Number));
}

function atomCost(token: string): number {
  if (token.startsWith('\\Q')) return token.length;
  const classes = token.match(UNICODE_CLASS)?.length ?? 0;
  const isWideClass = token.length > 1 && token.startsWith('[') && WIDE.test(token);
  const ranges = isWideClass ? token.split('-').length - 1 : 0;
  return 1 + classes * UNICODE_CLASS_COST + ranges * WIDE_RANGE_COST;
}
