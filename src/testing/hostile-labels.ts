/** Label sets that break stores which put keys together carelessly. Each is a series of its own. */
export function hostileLabels(): Record<string, string>[] {
  const values = [
    'plain',
    '"',
    '\\',
    '\n',
    '\\n',
    '\\"',
    '",y="',
    '"}',
    'a,b',
    '{}[]()*?',
    ':',
    '\0',
    '\u0001\u001f',
    '\r\n\t ',
    ' ',
    'é',
    'e\u0301',
    '\u{1f600}',
    '\ufffd',
    '\uffff',
    '\u2028',
    '-1',
    '__proto__',
    '%',
    "'; DROP TABLE series; --",
  ];
  return [
    {},
    ...values.map((x) => ({ x })),
    ...values.map((x) => ({ x, y: x })),
    { x: '', z: 'beside an empty one' },
    { x: 'a', y: 'bc' },
    { x: 'ab', y: 'c' },
    JSON.parse('{"__proto__":"p","constructor":"c","toString":"t"}') as Record<string, string>,
    Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`label_${i}`, `${i}`])),
  ];
}

/** Label sets that make ids of about any limit there is on keys, and differ only at their ends. */
export function longLabels(): Record<string, string>[] {
  const lengths = [
    400, 500, 511, 512, 1000, 1024, 1880, 1900, 1960, 1978, 2000, 4096, 32_767, 60_000,
  ];
  return lengths.flatMap((length) => [
    { x: 'x'.repeat(length) },
    { x: `${'x'.repeat(length - 1)}y` },
    { x: 'é'.repeat(length / 2), z: '1' },
    { x: 'x'.repeat(length), z: '2' },
  ]);
}
