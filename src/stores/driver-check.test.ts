import { describe, expect, it } from 'vitest';
import type { Committed, StoreDriver } from './driver.ts';
import { MemoryDriver } from './memory-driver.ts';
import { createStoreOver } from './store-front.ts';

function messageOf(driver: unknown): string {
  try {
    createStoreOver(driver as StoreDriver);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
  return 'no error';
}

function withLimits(limits: unknown): MemoryDriver {
  return Object.assign(new MemoryDriver(10), { limits });
}

describe('createStoreOver', () => {
  it.each([undefined, null, 3, 'driver'])('rejects %s as a driver', (driver) => {
    expect(messageOf(driver)).toMatch(/^invalid_options: .*driver .* must be an object/);
  });

  it('names every method and limit that a driver lacks', () => {
    const message = messageOf({ head: () => '' });
    for (const name of ['commit', 'frame', 'changes', 'close']) {
      expect(message).toContain(`driver.${name} must be a method`);
    }
    expect(message).not.toContain('driver.head');
    for (const name of ['keyBytes', 'payloadBytes', 'commit']) {
      expect(message).toContain(`driver.limits.${name} (undefined) must be`);
    }
  });

  // With these a delete would do nothing, or go on for ever.
  it.each([0, -1, Number.NaN, 1.5, Number.POSITIVE_INFINITY])(
    'rejects a driver with commits of %d points',
    (commit) => {
      const driver = withLimits({ keyBytes: 100, payloadBytes: 0, commit });
      expect(messageOf(driver)).toContain('must be an integer from 1 on');
    },
  );

  it('takes a driver without limits of bytes', () => {
    const keyBytes = Number.POSITIVE_INFINITY;
    const driver = withLimits({ keyBytes, payloadBytes: keyBytes, commit: 1 });
    expect(messageOf(driver)).toBe('no error');
  });
});

/** A driver that writes commits, and returns what it was made with. */
class WrongDriver extends MemoryDriver {
  readonly #reply: unknown;

  constructor(reply: unknown) {
    super(10);
    this.#reply = reply;
  }

  override commit(): Committed {
    return this.#reply as Committed;
  }
}

describe('a store whose driver returns a wrong reply for a commit', () => {
  const replies: [string, unknown][] = [
    ['no outcomes (undefined)', undefined],
    ['no outcomes', {}],
    ['1 outcomes for 2 puts', { outcomes: ['added'], ended: 0 }],
    ['3 outcomes for 2 puts', { outcomes: ['added', 'added', 'added'], ended: 0 }],
    ['the outcome "written"', { outcomes: ['added', 'written'], ended: 0 }],
    ['the outcome "toString"', { outcomes: ['toString', 'added'], ended: 0 }],
  ];
  const made = replies.flatMap(([said, reply]) => [
    { said, reply, how: 'at once' },
    { said, reply: Promise.resolve(reply), how: 'as a promise' },
  ]);

  it.each(made)('acknowledges nothing: $said, $how', async ({ said, reply }) => {
    const store = createStoreOver(new WrongDriver(reply));
    const points = ['a', 'b'].map((name) => ({ name, value: 1 }));
    await expect(store.upsert(points)).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining(`The driver of the store returned ${said}`),
    });
    expect(store.writeStats!().rejected.series_limit).toBe(0);
  });

  it('returns no count of ended series', async () => {
    const store = createStoreOver(new WrongDriver({ outcomes: [] }));
    await expect(store.delete('a')).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('no count of ended series (undefined)'),
    });
  });
});
