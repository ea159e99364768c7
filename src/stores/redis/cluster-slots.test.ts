import { describe, expect, it } from 'vitest';
import { readRedirection, readSlots, slotOf } from './cluster-slots.ts';

describe('the slot of a key', () => {
  // What `CLUSTER KEYSLOT` says.
  it.each([
    ['123456789', 12_739],
    ['foo', 12_182],
    ['{user1000}.following', 3_443],
    ['x{user1000}', 3_443],
    ['foo{}{bar}', 8_363],
    ['foo{{bar}}zap', 4_015],
    ['foo{bar}{zap}', 5_061],
    ['', 0],
  ])('%j is %i', (key, slot) => {
    expect(slotOf(key)).toBe(slot);
  });
});

describe('the reply of CLUSTER SLOTS', () => {
  it('tells the master of each slot; a host that is left out is the one that was asked', () => {
    const { masters } = readSlots(
      [
        [0, 1, ['a', 7_000, 'id', []], ['replica', 7_001, 'id']],
        [3, 3, ['', 7_002, 'id']],
        [4, 4, [null, 7_003, 'id']],
        [5, 5, ['?', 7_004, 'id', ['ip', '10.0.0.1']]],
        [6, 6, ['?', 7_005, 'id', { ip: '10.0.0.2' }]],
        [7, 7, ['?', 7_006, 'id', []]],
      ],
      'asked',
    );
    const at = (host: string, port: number): object => ({ host, port });
    expect([...masters]).toEqual([
      at('a', 7_000),
      at('a', 7_000),
      undefined,
      at('asked', 7_002),
      at('asked', 7_003),
      at('10.0.0.1', 7_004),
      at('10.0.0.2', 7_005),
      at('asked', 7_006),
    ]);
  });

  it.each([
    null,
    'OK',
    [[]],
    [[0, 16_384, ['a', 1]]],
    [[-1, 5, ['a', 1]]],
    [[0, 5]],
    [[0, 5, ['a', '1']]],
    [[0, 1e9, ['a', 1]]],
  ])('%j is refused', (reply) => {
    expect(() => readSlots(reply, 'asked')).toThrow(
      expect.objectContaining({ code: 'store_unavailable' }),
    );
  });
});

describe('a redirection', () => {
  it.each([
    ['MOVED 3999 10.0.0.1:6381', { slot: 3_999, node: { host: '10.0.0.1', port: 6_381 } }],
    ['ASK 5 ::1:6381', { slot: 5, node: { host: '::1', port: 6_381 } }],
    ['MOVED 5 :6381', { slot: 5, node: { host: 'asked', port: 6_381 } }],
    ['MOVED 99999 a:1', undefined],
    ['MOVED here', undefined],
    // By a server that does not know the other's name yet.
    ['MOVED 5 ?:6381', undefined],
  ])('%j is read', (message, redirection) => {
    expect(readRedirection(message, 'asked')).toEqual(redirection);
  });
});
