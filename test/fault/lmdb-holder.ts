import { open } from 'lmdb';

// Run by a test as a process of its own: takes the write lock of a store's file, says so, and
// stops. Let go on, it gives the lock back and ends.
const root = open({ path: process.argv[2] ?? '', noSubdir: false, maxDbs: 8 });
root.transactionSync(() => {
  process.stdout.write('holding\n');
  process.kill(process.pid, 'SIGSTOP');
});
await root.close();
