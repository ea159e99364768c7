import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CachedSnapshotReader, createCachedSnapshotReader } from '../../src/index.ts';
import { bundleProgram } from '../support/bundle.ts';
import { elapse } from '../support/elapse.ts';
import { bareHandler, pageOf, scrape } from '../support/page.ts';
import { never, ScriptedSource } from '../support/scripted-source.ts';

function inBackground(source: ScriptedSource): CachedSnapshotReader {
  return createCachedSnapshotReader(source, { background: true, refreshInterval: 15_000 });
}

describe('close', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('ends the timer, and rejects reads and refreshes from then on', async () => {
    const source = new ScriptedSource();
    const reader = inBackground(source);
    const handler = bareHandler(reader);
    await pageOf(handler);
    reader.close();
    reader.close();
    expect(vi.getTimerCount()).toBe(0);
    await elapse(150_000);
    expect(source.reads).toBe(1);
    const closed = { name: 'SnapscrapeError', code: 'closed' };
    await expect(reader.snapshot()).rejects.toMatchObject(closed);
    await expect(reader.families()).rejects.toMatchObject(closed);
    await expect(reader.refresh()).rejects.toMatchObject(closed);
    expect((await scrape(handler)).status).toBe(503);
    expect(reader.cacheStats().series).toBe(1);
  });

  it('ends the refresh under way, and tells its source', async () => {
    const source = new ScriptedSource();
    source.answer = never;
    const reader = inBackground(source);
    const refresh = reader.refresh();
    const read = reader.snapshot();
    await elapse(1); // A source that was not asked yet is never asked.
    expect(source.reads).toBe(1);
    reader.close();
    await expect(refresh).rejects.toMatchObject({ code: 'closed' });
    await expect(read).rejects.toMatchObject({ name: 'SnapscrapeError' });
    expect(source.signal?.aborted).toBe(true);
    await elapse(150_000);
    expect(source.reads).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a process that has nothing else to do', () => {
  const program = bundleProgram(fileURLToPath(new URL('./idle-process.ts', import.meta.url)));
  afterAll(() => program.remove());

  it.each(['background', 'on-demand', 'hanging'])(
    'ends by itself: %s',
    async (kind) => {
      const child = spawn(process.execPath, [program.path, kind]);
      let output = '';
      child.stdout.on('data', (data) => {
        output += String(data);
      });
      const [code] = await once(child, 'exit');
      expect({ code, output }).toEqual({ code: 0, output: `${kind}: done\n` });
    },
    30_000,
  );
});
