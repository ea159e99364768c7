import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Clock } from '../../test/support/clock.ts';
import { ScriptedSource, state } from '../../test/support/scripted-source.ts';
import type { CacheConfig } from './cache-config.ts';
import { createCachedSnapshotReader } from './cached-reader.ts';

const HOUR = 3_600_000;

/** A cache around a source that can die, and two clocks: that of the process, and the wall's. */
function subject(config: CacheConfig) {
  const source = new ScriptedSource();
  const reader = createCachedSnapshotReader(source, config);
  return { source, reader };
}

let own = 0;
beforeEach(() => {
  own = 50_000;
  vi.spyOn(performance, 'now').mockImplementation(() => own);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe.each([
  ['by default', false],
  ['with a clock of the caller', true],
])('a wall clock that is set back, %s', (_, isGiven) => {
  const wall = new Clock(Date.now());
  beforeEach(() => {
    vi.spyOn(Date, 'now').mockImplementation(() => wall.now());
  });
  const pass = (ms: number): void => {
    wall.advance(ms);
    own += ms;
  };
  const clock = isGiven ? { now: wall.now } : {};

  it('never makes a dead source look fresh', async () => {
    const { source, reader } = subject({ refreshInterval: 1_000, maxStaleness: 10_000, ...clock });
    await reader.snapshot();
    source.answer = () => {
      throw new Error('dead');
    };
    wall.advance(-HOUR);
    pass(9_000);
    await reader.snapshot();
    expect(reader.cacheStats().age).toBe(9_000);
    expect(reader.cacheStats().isStale).toBe(false);
    pass(1_001);
    await expect(reader.snapshot()).rejects.toMatchObject({ code: 'snapshot_stale' });
    expect(reader.cacheStats()).toMatchObject({ age: 10_001, isStale: true });
  });

  it('makes a refresh due at once, and puts none off', async () => {
    const { source, reader } = subject({ refreshInterval: 1_000, ...clock });
    await reader.snapshot();
    const { reads } = source;
    wall.advance(-HOUR);
    await reader.snapshot();
    expect(source.reads).toBe(reads + 1);
    pass(999);
    await reader.snapshot();
    expect(source.reads).toBe(reads + 1);
    pass(1);
    await reader.snapshot();
    expect(source.reads).toBe(reads + 2);
    wall.advance(-HOUR);
    expect(reader.cacheStats().age).toBe(0);
    await reader.refresh();
    expect(reader.cacheStats().refreshDuration).toBe(0);
    expect(reader.cacheStats().lastSuccess).toBe(wall.now());
  });
});

it('a wall clock that is set forward makes nothing stale', async () => {
  const wall = vi.spyOn(Date, 'now').mockReturnValue(1_000_000_000_000);
  const { source, reader } = subject({ refreshInterval: 1_000, maxStaleness: 10_000 });
  await reader.snapshot();
  source.answer = () => {
    throw new Error('dead');
  };
  wall.mockReturnValue(1_000_000_000_000 + HOUR);
  expect(reader.cacheStats().age).toBe(0);
  const [point] = await reader.snapshot();
  expect(point).toMatchObject({ name: state(1).name });
});
