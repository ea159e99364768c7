import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CursorState, formatCursor, NOWHERE, type Position, parseCursor } from './cursor.ts';

const token = fc.stringMatching(/^[a-z0-9]{1,10}$/);
const position = fc.oneof(
  fc.constant<Position>(NOWHERE),
  fc.record({ seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), token }),
);
const progress = fc.record({ at: position, seen: fc.option(position, { nil: undefined }) });

describe('a cursor', () => {
  it('is read as it was written', () => {
    const state = fc.record({ progress: fc.array(progress, { minLength: 1 }), nonce: token });
    fc.assert(
      fc.property(state, (given) => {
        const isExact = given.progress.every(({ seen }) => seen === undefined);
        const expected: CursorState = isExact ? { ...given, nonce: undefined } : given;
        expect(parseCursor(formatCursor(given), given.progress.length)).toEqual(expected);
      }),
    );
  });

  it('follows from the history alone where nothing was seen ahead', () => {
    const at = { seq: 7, token: 'abc' };
    expect(formatCursor({ progress: [{ at }, { at: NOWHERE }], nonce: 'x' })).toBe('r1:7.abc,0;');
    expect(formatCursor({ progress: [{ at, seen: { seq: 9, token: 'd' } }], nonce: 'x' })).toBe(
      'r1:7.abc~9.d!x;',
    );
  });

  it.each([
    '',
    'r1:',
    'r1:;',
    'r1:1;',
    'r1:0.a;',
    'r1:01.a;',
    'r1:-1.a;',
    'r1:1.A;',
    'r1:1.a',
    'r1:1.a;0',
    'r1:1.a,1.a;',
    'r1:1.a~;',
    'r1:1.a~2.b~3.c;',
    'r1:1.a!;',
    'r1:1.a!x!y;',
    'r2:1.a;',
    'r1:9999999999999999.a;',
    7,
    null,
    undefined,
  ])('is not %j', (text) => {
    expect(parseCursor(text, 1)).toBeUndefined();
  });
});
