// Few names and values, so that matchers hit; values that look like other parts of a line.
export const NAMES: readonly string[] = ['a', 'ab', 'b', 'b:c', 'x_total'];
export const LABELS: readonly string[] = [
  'a',
  'aa',
  'b',
  'b1',
  'ba',
  'le',
  '__proto__',
  'constructor',
  '_',
];
export const VALUES: readonly string[] = [
  '',
  'x',
  'xy',
  'y',
  'x"y',
  '"',
  '\\',
  '\\\\',
  '\n',
  ',a="x"',
  'x",a="y',
  '},b="x"} 1\n',
  'ü',
  '\u{1f600}',
  '\ufffd',
  '=,a=',
  ',a=',
  '{a=',
  '__proto__',
];
/** Patterns that mean the same in JavaScript as in RE2. */
export const PATTERNS: readonly string[] = [
  'x.*',
  '.*',
  '.+',
  '',
  'x|y',
  '(x|y)+',
  '.',
  '[^x]*',
  'x"y|,a=.*',
  '|x',
  '\\\\+',
  '.*ü',
];
