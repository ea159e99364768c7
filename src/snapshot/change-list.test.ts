import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { naiveOrder } from '../../test/support/naive-page.ts';
import { tries } from '../../test/support/tries.ts';
import type { Payload } from '../model/entries.ts';
import { Pace } from '../scheduling/pace.ts';
import { type DuplicatePolicy, sortChanges } from './change-list.ts';
import { StagedFamily } from './staging.ts';

interface Change {
  readonly id: string;
  readonly payload: Payload;
  readonly time: number;
}

/** One of its own for each change; every third is a text. */
function payloadOf(i: number): Payload {
  return i % 3 === 0 ? `${i} ${i}` : i;
}

async function sorted(changes: readonly Change[], policy: DuplicatePolicy, budget = 1000) {
  const staged = new StagedFamily('m');
  for (const { id, payload, time } of changes) staged.put(id, payload, time);
  const lost: Change[] = [];
  const list = await sortChanges(staged, policy, new Pace(budget), (family, at) => {
    const payload = family.texts?.[at] ?? family.values[at]!;
    lost.push({ id: family.ids[at]!, payload, time: family.times[at]! });
  });
  return { kept: Array.from({ length: list.length }, (_, i) => list.at(i)), lost };
}

/** The same, the plain way. */
function naive(changes: readonly Change[], policy: DuplicatePolicy): Change[] {
  const byId = new Map<string, Change>();
  for (const change of changes) {
    const before = byId.get(change.id);
    if (before === undefined || policy === 'last' || change.time >= before.time) {
      byId.set(change.id, change);
    }
  }
  return [...byId.values()].sort((a, b) => naiveOrder(a.id, b.id));
}

function expectSame(
  { kept, lost }: Awaited<ReturnType<typeof sorted>>,
  changes: readonly Change[],
  policy: DuplicatePolicy,
): void {
  const expected = naive(changes, policy);
  expect(kept).toEqual(expected);
  // Every change is kept or told of, never both.
  const payloads = [...kept, ...lost].map(({ payload }) => payload);
  expect(new Set(payloads)).toEqual(new Set(changes.map(({ payload }) => payload)));
  expect(payloads).toHaveLength(changes.length);
}

const POLICIES: readonly DuplicatePolicy[] = ['last', 'newest'];

describe.each(POLICIES)('changes where the %s one counts', (policy) => {
  it('are put in series order, one for each series', async () => {
    const change = fc.record({
      id: fc.constantFrom(
        'm',
        'm{a="1"}',
        'm{a="2"}',
        'm{a="é"}',
        'm{a="\uff5e"}',
        'm{a="\u{1f600}"}',
      ),
      time: fc.integer({ min: 0, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 30 }), async (given) => {
        const changes = given.map((it, i) => ({ ...it, payload: payloadOf(i) }));
        expectSame(await sorted(changes, policy), changes, policy);
      }),
      { numRuns: tries(200) },
    );
  });

  it.each([4095, 4096, 4097, 8193, 20_000])('are so when there are %d of them', async (count) => {
    const changes = Array.from({ length: count }, (_, i) => ({
      id: `m${(i * 7919) % (count - 500)}`,
      payload: payloadOf(i),
      time: (i * 104_729) % 5,
    }));
    // A budget of nothing: it rests whenever it can.
    expectSame(await sorted(changes, policy, 0), changes, policy);
  });
});

it('changes that came in order are not sorted again, and nothing is lost of them', async () => {
  const changes = ['a', 'b', 'c'].map((id, payload) => ({ id, payload, time: 1 }));
  expect(await sorted(changes, 'newest')).toEqual({ kept: changes, lost: [] });
  expect(await sorted([], 'last')).toEqual({ kept: [], lost: [] });
});
