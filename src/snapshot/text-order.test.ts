import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EagerPace } from '../../test/support/eager-pace.ts';
import { naiveOrder } from '../../test/support/naive-page.ts';
import { tries } from '../../test/support/tries.ts';
import { Pace } from '../scheduling/pace.ts';
import { textOrder } from './text-order.ts';

/** The same, the plain way. */
function naive(texts: readonly string[]): number[] {
  return texts.map((_, i) => i).sort((a, b) => naiveOrder(texts[a]!, texts[b]!) || a - b);
}

async function expectSorted(texts: readonly string[]): Promise<void> {
  const { order, hasEqual } = await textOrder(texts, new Pace(1000));
  expect([...order]).toEqual(naive(texts));
  expect(hasEqual).toBe(new Set(texts).size < texts.length);
}

/** Numbers of no pattern, the same each time. */
function* noise(): Generator<number, never, undefined> {
  for (let state = 1; ; ) yield (state = (state * 48_271) % 2_147_483_647);
}

describe('the order of texts', () => {
  it('is that of UTF-8 bytes, and equal ones stay in theirs', async () => {
    const unit = fc.constantFrom(
      'a',
      'b',
      'ab',
      '"',
      'é',
      '\0',
      '\uffff',
      '\ue000',
      '\u{1f600}',
      '\u{1f601}',
    );
    const text = fc.array(unit, { maxLength: 12 }).map((units) => units.join(''));
    const like = fc.tuple(fc.constantFrom('', 'prefix{label="'), text).map((both) => both.join(''));
    await fc.assert(
      fc.asyncProperty(fc.array(like, { maxLength: 300, size: 'max' }), expectSorted),
      { numRuns: tries(100) },
    );
  });

  it('is found for more texts than are sorted at once', async () => {
    const numbers = noise();
    const next = (below: number): number => numbers.next().value % below;
    const texts = Array.from({ length: 20_000 }, () => {
      const user = ['', 'é', '\uffff', '\u{1f600}', 'x'.repeat(next(40))][next(5)]!;
      return `family{org="org-${next(3)}",repo="repository-${next(5000)}",user="${user}"}`;
    });
    await expectSorted(texts);
    await expectSorted([...new Set(texts)]);
    await expectSorted([...texts].sort());
    await expectSorted([...texts].sort().reverse());
    await expectSorted(texts.map(() => 'the same'));
    const plain = texts.filter((text) => !text.includes('\u{1f600}'));
    // Only the last of all runs has surrogates.
    await expectSorted([...plain, texts.find((text) => text.includes('\u{1f600}'))!]);
  });

  it.each([0, 1, 2, 12, 13])('is found for %d texts', async (count) => {
    await expectSorted(Array.from({ length: count }, (_, i) => `m{i="${(i * 7) % 5}"}`));
  });

  it('is found of long texts in small steps', async () => {
    const numbers = noise();
    const texts = Array.from(
      { length: 500 },
      () => `${'long'.repeat(5000)}${numbers.next().value % 300}`,
    );
    const pace = new EagerPace();
    expect([...(await textOrder(texts, pace)).order]).toEqual(naive(texts));
    // Ten million units, half a million at a time.
    expect(pace.rests).toBeGreaterThan(15);
  });
});
