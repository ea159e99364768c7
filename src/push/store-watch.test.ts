import { expect, it } from 'vitest';
import type { ProgramLog } from '../logging/program-log.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { StoreWatch } from './store-watch.ts';

it('tells each change once, and loses only a store that cannot be read either', async () => {
  const lines: unknown[] = [];
  const line = (level: string) => (_: string, msg: string, fields: object) =>
    lines.push([level, msg, fields]);
  const log = { info: line('info'), error: line('error') } as unknown as ProgramLog;
  const lost: SnapscrapeError[] = [];
  const watch = new StoreWatch(log, (error) => lost.push(error));
  watch.succeeded();
  const failure = new SnapscrapeError('store_unavailable', 'no disk', { cause: new Error('EIO') });
  for (let at = 0; at < 3; at++) await watch.failed(failure, () => Promise.resolve(true));
  expect(watch.hasFailed).toBe(true);
  watch.succeeded();
  expect(watch.hasFailed).toBe(false);
  expect(lost).toEqual([]);
  await watch.failed(new SnapscrapeError('closed', 'closed'), () => Promise.resolve(false));
  expect(lost).toEqual([]);
  await watch.failed(failure, () => Promise.resolve(false));
  expect(lost).toMatchObject([{ code: 'store_unavailable', cause: failure }]);
  const again = { err: 'no disk', code: 'store_unavailable', cause: 'EIO' };
  expect(lines).toEqual([
    ['error', 'Store cannot be written', again],
    ['info', 'Store can be written again', { suppressed: 2 }],
    ['error', 'Store cannot be written', { err: 'closed', code: 'closed' }],
    ['error', 'Store cannot be written', again],
  ]);
});
