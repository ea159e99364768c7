import { describe, expect, it } from 'vitest';
import { HeldBytes } from './held-bytes.ts';
import { type ParseOptions, parseExposition } from './index.ts';

/** A protobuf family `a` of untyped metrics. */
const family = (...metrics: readonly string[]): string => {
  const body = `0a01611803${metrics.map(field('22')).join('')}`;
  return field('')(body);
};
const field =
  (tag: string) =>
  (hex: string): string =>
    `${tag}${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`;

describe('limits of a page', () => {
  it.each<[string, ParseOptions, string, number]>([
    ['a 1\nb 1\nc 1\n', { maxFamilies: 2 }, 'maxFamilies is 2', 3],
    ['# TYPE a gauge\n# TYPE b gauge\n# HELP c C.\n', { maxFamilies: 2 }, 'maxFamilies is 2', 3],
  ])('of text: %j', (page, options, message, line) => {
    for (const rules of ['specification', 'prometheus', 'tolerant'] as const) {
      expect(() => parseExposition(page, { ...options, rules })).toThrow(
        expect.objectContaining({
          code: 'invalid_exposition',
          faults: expect.arrayContaining([
            expect.objectContaining({
              rule: 'limit',
              line,
              message: expect.stringMatching(`${message}$`),
            }),
          ]),
        }),
      );
    }
  });

  const buckets = `3a04${field('1a')('')}${field('1a')('')}`;
  const spans = `3a04${field('62')('')}${field('62')('')}`;
  const quantiles = `2204${field('1a')('')}${field('1a')('')}`;
  const exemplars = `3a06${field('8201')('')}${field('8201')('')}`;
  it.each<[string, string, ParseOptions, string]>([
    ['families', family() + family() + family(), { maxFamilies: 2 }, 'maxFamilies is 2'],
    ['metrics', family('', '') + family('', ''), { maxLines: 3 }, 'maxLines is 3'],
    ['buckets', family(buckets), { maxLines: 2 }, 'maxLines is 2'],
    ['spans', family(spans), { maxLines: 2 }, 'maxLines is 2'],
    ['quantiles', family(quantiles), { maxLines: 2 }, 'maxLines is 2'],
    ['exemplars', family(exemplars), { maxLines: 2 }, 'maxLines is 2'],
    [
      'labels',
      family(field('0a')('0a0161') + field('0a')('0a0162')),
      { maxLabels: 1 },
      'maxLabels is 1',
    ],
  ])('of protobuf: %s', (_, hex, options, message) => {
    const page = Buffer.from(hex, 'hex');
    expect(() =>
      parseExposition(page, { format: 'protobuf', rules: 'prometheus', ...options }),
    ).toThrow(
      expect.objectContaining({
        faults: [
          expect.objectContaining({ rule: 'limit', message: expect.stringMatching(`${message}$`) }),
        ],
      }),
    );
    const more = { maxLines: 4, maxFamilies: 3, maxLabels: 2 };
    expect(() =>
      parseExposition(page, { format: 'protobuf', rules: 'tolerant', ...more }),
    ).not.toThrow();
  });
});

describe('held bytes', () => {
  it('are copied few times, however small the pieces are', () => {
    const held = new HeldBytes();
    const memories = new Set<Buffer['buffer']>();
    for (let i = 0; i < 100_000; i++) {
      held.add(Buffer.of(i & 0xff));
      memories.add(held.bytes.buffer);
    }
    expect(memories.size).toBeLessThan(20);
    expect(held.take().every((byte, i) => byte === (i & 0xff))).toBe(true);
    expect(held.length).toBe(0);
  });

  it('do not change with the memory that they came from', () => {
    const held = new HeldBytes();
    const bytes = Buffer.from('a');
    held.add(bytes);
    bytes[0] = 0;
    expect(held.bytes.toString()).toBe('a');
  });
});
