import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { bundleProgram } from '../support/bundle.ts';
import { startedPushgateway } from '../support/pushgateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PROGRAM = bundleProgram(resolve(import.meta.dirname, '../support/pushgateway-process.ts'));
afterAll(() => PROGRAM.remove());

/** More for a thorough run: PUSH_KILLS=1000. */
const ROUNDS = Number(process.env.PUSH_KILLS ?? 3);
const GROUPS = 4;
const PUSHES_BEFORE_KILL = 40;

/** Starts a gateway in a process of its own; returns it with its URL. */
async function startProcess(persistenceFile: string): Promise<[ChildProcess, string]> {
  const flags = ['--web.listen-address=127.0.0.1:0', `--persistence.file=${persistenceFile}`];
  const child = spawn(process.execPath, [PROGRAM.path, ...flags], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return [child, line.toString().trim()];
}

/** Pushes ever higher values to a group until the gateway is gone; returns the last acknowledged. */
async function pushUntilGone(
  url: string,
  group: number,
  from: number,
  onPush: () => void,
): Promise<number> {
  let acknowledged = from;
  for (let value = from + 1; ; value++) {
    // All series of a push have the same value, so that half a push would show.
    const body = Array.from({ length: 20 }, (_, at) => `m${at} ${value}\n`).join('');
    try {
      const path = `${url}/metrics/job/j/group/${group}`;
      const { status } = await fetch(path, { method: 'PUT', body });
      if (status !== 200) return acknowledged;
    } catch {
      return acknowledged;
    }
    acknowledged = value;
    onPush();
  }
}

describe('a gateway with a persistence file that is killed during pushes', () => {
  it(
    'has all that it acknowledged, and no half of a group',
    async () => {
      const { file, remove } = temporaryFolder();
      onTestFinished(remove);
      const persistenceFile = file('state');
      let acknowledged = Array.from({ length: GROUPS }, () => 0);
      for (let round = 0; round < ROUNDS; round++) {
        const [child, url] = await startProcess(persistenceFile);
        let pushes = 0;
        const onPush = (): void => {
          if (++pushes === PUSHES_BEFORE_KILL) child.kill('SIGKILL');
        };
        acknowledged = await Promise.all(
          acknowledged.map((from, group) => pushUntilGone(url, group, from, onPush)),
        );
        expect(pushes).toBeGreaterThanOrEqual(PUSHES_BEFORE_KILL);
        const gateway = await startedPushgateway({ persistenceFile });
        const page = await (await gateway.request('/metrics')).text();
        for (const [group, atLeast] of acknowledged.entries()) {
          const lines = page.matchAll(new RegExp(`^m\\d+\\{group="${group}".*\\} (\\d+)$`, 'gm'));
          const values = [...lines].map(([, value]) => Number(value));
          expect(values).toHaveLength(20);
          expect(new Set(values).size).toBe(1);
          // The last push may have been kept and not acknowledged.
          expect(values[0]! - atLeast).toBeOneOf([0, 1]);
          acknowledged[group] = values[0]!;
        }
        await gateway.close();
      }
    },
    60_000 + 20_000 * ROUNDS,
  );
});
