import { expect, it, onTestFinished } from 'vitest';
import { ScriptedSource } from '../../test/support/scripted-source.ts';
import { until } from '../../test/support/until.ts';
import { providerOf } from '../refresh/snapshot-provider.ts';
import { ReadinessPoller } from './readiness-poller.ts';

/** How many timers keep this process alive. */
function timersThatHold(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

it('keeps no process alive between its looks', () => {
  const source = new ScriptedSource();
  const awakening = new ReadinessPoller(providerOf(source), () => true);
  onTestFinished(() => awakening.stop());
  const before = timersThatHold();
  awakening.start();
  expect(timersThatHold()).toBe(before);
  expect(source.reads).toBe(0);
});

it('reads until it is ready, and not after it was stopped', async () => {
  const source = new ScriptedSource();
  const awakening = new ReadinessPoller(providerOf(source), () => source.reads >= 2);
  onTestFinished(() => awakening.stop());
  awakening.start();
  await until('it was read again', () => source.reads === 2);
  awakening.stop();
});
