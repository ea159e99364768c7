import { execFileSync } from 'node:child_process';
import { beforeEach } from 'vitest';

const isInstalled = ['redis-server', 'redis-sentinel', 'redis-cli'].every(canRun);

// In CI nothing is skipped: what starts a server fails.
const isSkipped = !isInstalled && process.env.CI === undefined;

/** Makes of a hook that starts servers one that does nothing where there are none to start. */
export function whereRedisIs(start: () => Promise<void>): () => Promise<void> {
  return async () => {
    if (!isSkipped) await start();
  };
}

/** Skips every test of the enclosing suite, and says so, where there is no Redis to start. */
export function skipWithoutRedis(): void {
  beforeEach((context) => {
    context.skip(isSkipped, 'redis-server is missing; apt-get install redis-server redis-sentinel');
  });
}

function canRun(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
