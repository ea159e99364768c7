import { historyOf, openHistory, takeStep } from '../support/lmdb-history.ts';

// Run by a test as a process of its own: lives through a history, says after each step that it is
// acknowledged, and waits to be killed.
const [path = '', seed = ''] = process.argv.slice(2);
const history = historyOf(Number(seed));
const store = await openHistory(path, history);
for (const [at, step] of history.steps.entries()) {
  await takeStep(store, step, at);
  process.stdout.write(`${at + 1}\n`);
}
setInterval(() => undefined, 60_000);
