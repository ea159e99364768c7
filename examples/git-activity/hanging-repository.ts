import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { TestRepository } from './test-repository.ts';

/** A repository in which git hangs as soon as it needs an author's name: its mailmap is a pipe. */
export function hangingRepository(): { readonly path: string; readonly pipe: string } {
  const repository = new TestRepository(undefined, 'hanging');
  repository.commit();
  const pipe = join(repository.path, 'pipe');
  execFileSync('mkfifo', [pipe]);
  repository.git('config', 'mailmap.file', pipe);
  return { path: repository.path, pipe };
}

/** Waits until git reads the pipe, that is, hangs. */
export async function openWhenRead(pipe: string): Promise<{ readonly isRead: () => boolean }> {
  const open = (): number | undefined => {
    try {
      // Fails until git reads.
      return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {
      return undefined;
    }
  };
  const writer = await vi.waitUntil(open, { timeout: 25_000, interval: 5 });
  onTestFinished(() => closeSync(writer));
  const isRead = (): boolean => {
    try {
      return writeSync(writer, '#') === 1;
    } catch {
      return false;
    }
  };
  return { isRead };
}
