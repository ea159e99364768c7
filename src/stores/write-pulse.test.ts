import { expect, it } from 'vitest';
import { WritePulse } from './write-pulse.ts';

it('a writer notes its writes once a second, and at once after its clock was set back', () => {
  let now = 10_000;
  const pulse = new WritePulse(() => now);
  expect(pulse.next()).toBe(10_000);
  now = 10_999;
  expect(pulse.next()).toBeUndefined();
  now = 11_000;
  expect(pulse.next()).toBe(11_000);
  now = 5_000;
  expect(pulse.next()).toBe(5_000);
  expect(pulse.next()).toBeUndefined();
  pulse.forget();
  expect(pulse.next()).toBe(5_000);
});
