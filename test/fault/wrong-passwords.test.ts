import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRequestGuard, type RequestGuard } from '../../src/web/request-guard.ts';
import { basic, SECRET_HASH, WebConfigOnDisk } from '../support/web-config-files.ts';

const disk = new WebConfigOnDisk();
// Of `secret`, at a cost of about a quarter of a second: dearer than a test needs, as in the field.
const DEAR_HASH = '$2b$12$QeiANGXBytJ10yi9s4f8qeerkpoyvUSDDaCqVilFVF3J8RDzzsTTm';

async function guarded(hash: string, maxPasswordsWaiting?: number): Promise<RequestGuard> {
  const file = await disk.load(`basic_auth_users: {a: '${hash}', b: '${hash}'}`);
  const options = maxPasswordsWaiting === undefined ? {} : { maxPasswordsWaiting };
  const guard = createRequestGuard(file, options);
  onTestFinished(() => guard.close());
  return guard;
}

async function statusOf(
  guard: RequestGuard,
  authorization: string,
  signal?: AbortSignal,
): Promise<number> {
  return (await guard.check({ headers: { authorization }, signal }))?.status ?? 200;
}

/** How often the event loop turned while something was done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const turn = (): void => {
    turns++;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isDone = true;
  return turns;
}

describe('wrong passwords', () => {
  it('by the thousand hold no memory, and known users are admitted meanwhile', async () => {
    const guard = await guarded(SECRET_HASH, 8);
    const good = basic('a', 'secret');
    expect(await statusOf(guard, good)).toBe(200);
    const counts = new Map<number, number>();
    const before = process.memoryUsage().heapUsed;
    for (let round = 0; round < 10; round++) {
      const wrong = Array.from({ length: 1000 }, async (_, i) => {
        const password = `${round}-${i}-${'x'.repeat(2000)}`;
        const status = await statusOf(guard, basic(i % 2 === 0 ? 'a' : 'nobody', password));
        counts.set(status, (counts.get(status) ?? 0) + 1);
      });
      // Remembered: it needs no place in the queue, which is full.
      expect(await statusOf(guard, good)).toBe(200);
      await Promise.all(wrong);
    }
    expect(counts).toEqual(
      new Map([
        [503, 9920],
        [401, 80],
      ]),
    );
    // Kept whole, these would be 20 MB and more.
    globalThis.gc?.();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(40e6);
  });

  it('are compared off the event loop', async () => {
    const guard = await guarded(DEAR_HASH);
    const turns = await turnsDuring(async () => {
      expect(await statusOf(guard, basic('a', 'secret'))).toBe(200);
      expect(await statusOf(guard, basic('a', 'wrong'))).toBe(401);
      expect(await statusOf(guard, basic('a', 'wronger'))).toBe(401);
    });
    // A comparison takes a quarter of a second, and a turn some microseconds.
    expect(turns).toBeGreaterThan(500);
  });

  it('of unknown users are compared as well', async () => {
    const guard = await guarded(DEAR_HASH);
    await statusOf(guard, basic('a', 'first'));
    // Of all threads: time would be another program's, too.
    const cost = async (user: string): Promise<number> => {
      const before = process.cpuUsage();
      expect(await statusOf(guard, basic(user, 'wrong'))).toBe(401);
      return process.cpuUsage(before).user;
    };
    const [known, unknown, again] = [await cost('a'), await cost('x'), await cost('x')];
    expect(unknown).toBeGreaterThan(known / 4);
    expect(again).toBeLessThan(known / 4);
  });

  it('are compared once for all clients that send the same ones', async () => {
    const guard = await guarded(SECRET_HASH, 1);
    const same = Array.from({ length: 50 }, () => statusOf(guard, basic('a', 'wrong')));
    expect(await statusOf(guard, basic('a', 'other'))).toBe(503);
    expect(new Set(await Promise.all(same))).toEqual(new Set([401]));
    expect(await statusOf(guard, basic('a', 'other'))).toBe(401);
  });

  it('leave the queue with their clients', async () => {
    const guard = await guarded(SECRET_HASH, 2);
    const first = statusOf(guard, basic('a', 'first'));
    const client = new AbortController();
    const gone = statusOf(guard, basic('a', 'second'), client.signal);
    expect(await statusOf(guard, basic('a', 'third'))).toBe(503);
    client.abort();
    expect(await gone).toBe(503);
    expect(await statusOf(guard, basic('a', 'third'))).toBe(401);
    expect(await first).toBe(401);
  });

  it('that wait when the guard is closed are answered', async () => {
    const guard = await guarded(DEAR_HASH);
    const waiting = ['one', 'two', 'three'].map((word) => statusOf(guard, basic('a', word)));
    guard.close();
    expect(await Promise.all(waiting)).toEqual([503, 503, 503]);
  });
});

it('a process with a guard and a watched file ends by itself', async () => {
  disk.write(`basic_auth_users: {a: '${SECRET_HASH}'}`);
  const script = fileURLToPath(new URL('./idle-guard.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, disk.path]);
  let output = '';
  child.stdout.on('data', (data) => {
    output += String(data);
  });
  child.stderr.on('data', (data) => {
    output += String(data);
  });
  const [code] = await once(child, 'exit');
  expect({ code, output }).toEqual({ code: 0, output: '200 401\n' });
});
