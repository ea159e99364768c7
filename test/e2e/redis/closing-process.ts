// Opens a store and closes it after so many ms, or at `once`, for each wait that it is given; it
// must end by itself then.
import { setTimeout as pause } from 'node:timers/promises';
import { RedisStore } from '../../../src/stores/redis/index.ts';

for (const wait of process.argv.slice(3)) {
  const store = await RedisStore.open(process.argv[2]!);
  if (wait !== 'once') await pause(Number(wait));
  await store.close();
}
process.stdout.write('all closed\n');
