import { createRequestGuard } from '../../src/web/request-guard.ts';
import { WebConfigFile } from '../../src/web/web-config-file.ts';

// Run by a test as a process of its own: a watched file, a guard with its thread, nothing else to
// do.
const file = (await WebConfigFile.load(process.argv[2]!)).watch();
const guard = createRequestGuard(file);
// Stands for the server that waits for the answer: the thread itself keeps nothing alive.
const server = setInterval(() => undefined, 1000);
const asked = ['secret', 'wrong'].map(async (password) => {
  const rejection = await guard.check({
    headers: { authorization: `Basic ${btoa(`a:${password}`)}` },
  });
  return rejection?.status ?? 200;
});
console.log((await Promise.all(asked)).join(' '));
clearInterval(server);
