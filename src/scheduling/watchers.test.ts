import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { until } from '../../test/support/until.ts';
import { Watchers } from './watchers.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function called(watchers: Watchers<{ readonly name: string }>): string[] {
  const names: string[] = [];
  watchers.each(({ name }) => names.push(name));
  return names;
}

describe('watchers', () => {
  it('are all called, until they are removed', () => {
    const watchers = new Watchers<{ readonly name: string }>();
    const [a, b] = [{ name: 'a' }, { name: 'b' }];
    const removeA = watchers.add(a);
    watchers.add(b);
    expect(called(watchers)).toEqual(['a', 'b']);
    removeA();
    expect(called(watchers)).toEqual(['b']);
    expect(watchers.size).toBe(1);
  });

  it('go with their owners', async () => {
    const watchers = new Watchers<{ readonly name: string }>();
    const kept = { name: 'kept' };
    watchers.add(kept);
    watchers.add({ name: 'dropped' });
    await until('the dropped one is gone', () => {
      collectGarbage();
      return called(watchers).length === 1;
    });
    expect(called(watchers)).toEqual([kept.name]);
    expect(watchers.size).toBe(1);
  });
});
