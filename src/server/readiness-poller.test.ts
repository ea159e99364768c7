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
  const poller = new ReadinessPoller(providerOf(source), () => true);
  onTestFinished(() => poller.stop());
  const before = timersThatHold();
  poller.start();
  expect(timersThatHold()).toBe(before);
  expect(source.reads).toBe(0);
});

it('reads until it is ready, and not after it was stopped', async () => {
  const source = new ScriptedSource();
  const poller = new ReadinessPoller(providerOf(source), () => source.reads >= 2);
  onTestFinished(() => poller.stop());
  poller.start();
  await until('it was read again', () => source.reads === 2);
  poller.stop();
});
