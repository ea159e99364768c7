import { isDeepStrictEqual } from 'node:util';
import { SharedTask } from '../scheduling/shared-task.ts';
import { fileStamp } from './file-text.ts';

/** Files by their paths, and what each was like when it was read. */
type Stamps = ReadonlyMap<string, string>;

/** Loads files when it is asked to, and when one of them has changed. */
export class FileReloads {
  readonly #load: (stamps: Map<string, string>) => Promise<void>;
  readonly #loading = new SharedTask<boolean>();
  #stamps: Stamps;
  /** What the files were like at the last look, if that is not what they were when read. */
  #changed: Stamps | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param stamps - the files that were read at the start.
   * @param load - notes the stamp of each file, then reads it; rejects if the files are bad.
   */
  constructor(stamps: Stamps, load: (stamps: Map<string, string>) => Promise<void>) {
    this.#stamps = stamps;
    this.#load = load;
  }

  /** Loads now, or joins the load that is under way; returns whether the files were good. */
  reload(): Promise<boolean> {
    return this.#loading.run(() => this.#reload());
  }

  /** Notes that these are all files, be they good or bad; others need no look any more. */
  take(stamps: Stamps): void {
    this.#stamps = stamps;
  }

  /** Begins to look for changes; does nothing the second time. Keeps no process alive. */
  watch(intervalMs: number = 1000): void {
    this.#timer ??= setInterval(() => void this.reloadIfChanged(), intervalMs).unref();
  }

  /** Ends the looking. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Reloads if a file has changed since it was read, and has not changed again since the last look:
   * an editor may empty a file before it writes it. Never rejects.
   */
  async reloadIfChanged(): Promise<void> {
    if (this.#loading.isRunning) return;
    const now = await stampsNow(this.#stamps);
    const isSettled = isDeepStrictEqual(now, this.#changed);
    this.#changed = isDeepStrictEqual(now, this.#stamps) ? undefined : now;
    if (this.#changed !== undefined && isSettled) await this.reload();
  }

  async #reload(): Promise<boolean> {
    const stamps = new Map<string, string>();
    try {
      await this.#load(stamps);
      this.#stamps = stamps;
      return true;
    } catch {
      // A file so bad that it names no others: the others may change and make no difference.
      this.#stamps = new Map([...this.#stamps, ...stamps]);
      return false;
    }
  }
}

/** What the same files are like now. */
export async function stampsNow(files: Stamps): Promise<Stamps> {
  const now = new Map<string, string>();
  for (const file of files.keys()) now.set(file, await fileStamp(file));
  return now;
}
