import { describe, expect, it } from 'vitest';
import { threadCpu } from '../../test/support/thread-cpu.ts';
import { MemoryDriver } from './memory-driver.ts';

const set = (driver: MemoryDriver, name: string, text: string) =>
  driver.commit({ puts: [], ends: [], most: 0, records: new Map([[name, text]]) });

describe('MemoryDriver.records', () => {
  it('leaves the records to their readers as they were', () => {
    const driver = new MemoryDriver(10);
    set(driver, 'a', '1');
    const { records } = driver.frame();
    const same = driver.records();
    set(driver, 'a', '2');
    set(driver, 'b', '3');
    expect([...records]).toEqual([['a', '1']]);
    expect(same).toBe(records);
    expect([...driver.records()]).toEqual([
      ['a', '2'],
      ['b', '3'],
    ]);
  });

  it('costs the same to set one of them, however many there are', () => {
    const driver = new MemoryDriver(10);
    const names = Array.from({ length: 100_000 }, (_, i) => [`m${i}`, '{}'] as const);
    driver.commit({ puts: [], ends: [], most: 0, records: new Map(names) });
    const before = threadCpu();
    // To copy all of them each time takes minutes.
    for (let i = 0; i < 1_000; i++) set(driver, `m${i}`, 'x');
    expect(threadCpu() - before).toBeLessThan(1_000);
  });
});
