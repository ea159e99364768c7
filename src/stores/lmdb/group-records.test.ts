import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { applyCommit } from '../apply-commit.ts';
import type { Commit } from '../driver.ts';
import { openEnvironment } from './environment.ts';
import { LedgerWriter } from './ledger-writer.ts';

describe('the record of the series of a group', () => {
  it('is written only if another series belongs to it', async () => {
    const folder = temporaryFolder();
    onTestFinished(folder.remove);
    const environment = await openEnvironment(folder.path);
    onTestFinished(() => environment.root.close());
    const writer = new LedgerWriter(environment, 1000);
    const put = vi.spyOn(environment.members, 'putSync');
    let version: string | undefined;
    const replace = (keys: readonly string[], ends: readonly string[] = []): Promise<void> =>
      environment.root.transaction(() => {
        writer.begin();
        const puts = keys.map((key) => ({ key, payload: Math.random(), time: 1 }));
        const next = { meta: '', expiresAt: undefined };
        const group = { key: 'g', expect: version, next };
        applyCommit(writer, { puts, ends, most: 10, group } as unknown as Commit);
        version = writer.groups.get('g')!.version;
        writer.finish();
      });
    await replace(['a', 'b']);
    expect(put).toHaveBeenCalledTimes(1);
    await replace(['a', 'b']);
    expect(put).toHaveBeenCalledTimes(1);
    await replace(['a', 'b', 'c']);
    expect(put).toHaveBeenLastCalledWith(expect.anything(), ['g', 'a', 'b', 'c']);
    await replace(['a'], ['b', 'c']);
    expect(put).toHaveBeenLastCalledWith(expect.anything(), ['g', 'a']);
    expect(put).toHaveBeenCalledTimes(3);
  });
});
