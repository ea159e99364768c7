import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCursor, NOWHERE, type Position, type Progress, parseCursor } from './cursor.ts';

const token = fc.stringMatching(/^[a-z0-9]{1,10}$/);
const position = fc.oneof(
  fc.constant<Position>(NOWHERE),
  fc.record({ seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), token }),
);
const progress: fc.Arbitrary<Progress> = fc
  .tuple(position, fc.option(position, { nil: undefined }))
  .map(([at, until]) => (until !== undefined && until.seq > at.seq ? { at, until } : { at }));

describe('a cursor', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(progress, { minLength: 1 }), (given) => {
        expect(parseCursor(formatCursor(given), given.length)).toEqual(given);
      }),
    );
  });

  it('says where each partition is, and where a chain of batches ends', () => {
    const at = { seq: 7, token: 'abc' };
    expect(formatCursor([{ at }, { at: NOWHERE }])).toBe('r1:7.abc,0;');
    expect(formatCursor([{ at, until: { seq: 9, token: 'd' } }])).toBe('r1:7.abc~9.d;');
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
    'r1:2.a~2.b;',
    'r1:2.a~0;',
    'r1:1.a!x;',
    'r2:1.a;',
    'r1:9999999999999999.a;',
  ])('is not %j', (text) => {
    expect(parseCursor(text, 1)).toBeUndefined();
  });
});
