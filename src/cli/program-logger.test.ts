import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SnapscrapeError } from '../model/errors.ts';
import { closeInOrder } from '../server/close-in-order.ts';
import { createProgramLogger, errorFields } from './program-logger.ts';
import type { LogSettings } from './settings/shared-settings.ts';
import { StateLog } from './state-log.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_764_183_600_000 }));
afterEach(() => void vi.useRealTimers());

function logger(settings: Partial<LogSettings> = {}) {
  const lines: string[] = [];
  const log = createProgramLogger({ level: 'info', format: 'logfmt', ...settings }, (line) =>
    lines.push(line),
  );
  return { lines, log };
}

const TIME = 'time=2025-11-26T19:00:00.000Z';

describe('the log of the program', () => {
  it('has a line of logfmt for each event', () => {
    const { lines, log } = logger();
    log.info('storage', 'Store opened', { url: 'lmdb:/data', series: 1204, age: '3m12s' });
    log.warn('push', 'a "quoted"\nline', { reason: undefined, text: 'two words', list: [1] });
    expect(lines).toEqual([
      `${TIME} level=INFO component=storage msg="Store opened" url=lmdb:/data series=1204 age=3m12s`,
      `${TIME} level=WARN component=push msg="a \\"quoted\\"\\nline" text="two words" list=[1]`,
    ]);
  });

  it('has a line of JSON', () => {
    const { lines, log } = logger({ format: 'json' });
    log.error('storage', 'Store away', { code: 'store_unavailable' });
    expect(JSON.parse(lines[0]!)).toEqual({
      time: '2025-11-26T19:00:00.000Z',
      level: 'ERROR',
      component: 'storage',
      msg: 'Store away',
      code: 'store_unavailable',
    });
  });

  it('logs from its level on, which a reload changes, as the format', () => {
    const { lines, log } = logger({ level: 'warn' });
    log.info('a', 'left out');
    log.configure({ level: 'debug', format: 'json' });
    log.debug('a', 'written');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['written']);
  });

  it.each(['logfmt', 'json'] as const)('has no secret, in %s', (format) => {
    const { lines, log } = logger({ format });
    log.info('a', 'redis://u:hidden1@h is open', {
      url: 'redis://u:hidden1@h:6379',
      password: 'hidden1',
      token: 'hidden1',
      nested: { url: 'password=hidden1' },
    });
    expect(lines[0]).toContain('***@h');
    if (format === 'logfmt') expect(lines[0]).not.toContain('hidden1');
  });

  it('cannot be made to write a second line, or to act on a terminal', () => {
    const { lines, log } = logger();
    log.info('a', 'x\u001b[31m\n\u202e', { b: 'c\nd', e: '\u0085' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[\x20-\x7e]*$/);
  });
});

describe('an error of the library', () => {
  it('leaves out remedies by options that the program does not have', async () => {
    const { lines, log } = logger();
    const close = (): never => {
      throw new Error('busy');
    };
    await closeInOrder([{ close }], (error) => log.error('server', 'x', errorFields(error)));
    expect(lines[0]).toContain('err="The store could not be closed; see the cause: busy"');
  });
});

describe('the log of states', () => {
  const away = new SnapscrapeError('store_unavailable', 'The store is away');

  it('has one line if something fails, one for another reason, and one if it works again', () => {
    const { lines, log } = logger();
    const states = new StateLog(log);
    let fails = true;
    for (let i = 0; i < 50; i++) {
      states.failed('source', 'cron', away, () => fails);
      vi.advanceTimersByTime(30_000);
    }
    states.failed('source', 'cron', new Error('other'), () => fails);
    fails = false;
    vi.advanceTimersByTime(1000);
    states.failed('source', 'cron', away, () => true);
    states.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(lines.map((line) => line.replace(/^time=\S+ /, ''))).toEqual([
      'level=ERROR component=source msg="Reading failed" source=cron code=store_unavailable err="The store is away"',
      'level=ERROR component=source msg="Reading failed" source=cron err=other',
      'level=INFO component=source msg="Reading works again" source=cron',
      'level=ERROR component=source msg="Reading failed" source=cron code=store_unavailable err="The store is away"',
    ]);
  });

  it('says nothing of what a reload has removed while it failed', () => {
    const { lines, log } = logger();
    const states = new StateLog(log);
    let fails: boolean | undefined = true;
    states.failed('source', 'cron', new Error('gone'), () => fails);
    states.away('redis://h', new Error('gone'), () => fails);
    fails = undefined;
    vi.advanceTimersByTime(2000);
    expect(vi.getTimerCount()).toBe(0);
    expect(lines.filter((line) => line.includes('level=INFO'))).toEqual([]);
  });

  it('has errors without an end once a minute, with their number', () => {
    const { lines, log } = logger();
    const states = new StateLog(log);
    for (let i = 0; i < 42; i++) states.error('server', 'Connection failed', new Error('a ] b'));
    vi.advanceTimersByTime(60_000);
    expect(lines.map((line) => line.replace(/^time=\S+ /, ''))).toEqual([
      'level=ERROR component=server msg="Connection failed" err="a ] b"',
      'level=ERROR component=server msg="Connection failed" err="a ] b" suppressed=41',
    ]);
  });
});
