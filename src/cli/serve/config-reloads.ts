import type { SelfFamily } from '../../http/self-families.ts';
import { SharedTask } from '../../scheduling/shared-task.ts';
import { fileStamp } from '../../web/file-text.ts';

const LOOK_MS = 1000;

/** Reloads a configuration when it is asked to, and when one of its files has changed. */
export class ConfigReloads {
  readonly #load: (stamps: Map<string, string>) => Promise<void>;
  readonly #reloading = new SharedTask<boolean>();
  #stamps: ReadonlyMap<string, string>;
  /** What the files were like at the last look, if that is not what they were when read. */
  #changed: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isGood = true;
  #succeededAt = Date.now();

  /**
   * @param stamps - the files that were read at the start, and what they were like.
   * @param load - reads the files, notes them, and puts them in force; or rejects and logs.
   */
  constructor(
    stamps: ReadonlyMap<string, string>,
    load: (stamps: Map<string, string>) => Promise<void>,
  ) {
    this.#stamps = stamps;
    this.#load = load;
  }

  /** Whether the last attempt was good. */
  get isGood(): boolean {
    return this.#isGood;
  }

  /** When a configuration was last put in force, in Unix ms. */
  get succeededAt(): number {
    return this.#succeededAt;
  }

  /** The metrics of reloads. */
  get families(): readonly SelfFamily[] {
    return [
      {
        name: 'config_last_reload_successful',
        type: 'gauge',
        help: 'Whether the latest read of the configuration succeeded.',
        samples: () => [[{}, this.#isGood ? 1 : 0]],
      },
      {
        name: 'config_last_reload_success_timestamp_seconds',
        type: 'gauge',
        help: 'When the configuration was last read successfully, in seconds since 1970.',
        samples: () => [[{}, this.#succeededAt / 1000]],
      },
    ];
  }

  /** Reloads now, or joins the reload that is under way; says whether it was good. */
  reload(): Promise<boolean> {
    return this.#reloading.run(() => this.#reload());
  }

  /** Begins to look for changes of the files. Keeps no process alive. */
  watch(): void {
    this.#timer ??= setInterval(() => void this.reloadIfChanged(), LOOK_MS).unref();
  }

  /** Ends the looking. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** Reloads if a file has changed and was not changed again since the last look. */
  async reloadIfChanged(): Promise<void> {
    if (this.#reloading.isRunning) return;
    const now = new Map<string, string>();
    for (const file of this.#stamps.keys()) now.set(file, await fileStamp(file));
    const [before, changed] = [this.#changed, textOf(now)];
    this.#changed = changed === textOf(this.#stamps) ? undefined : changed;
    if (this.#changed !== undefined && this.#changed === before) await this.reload();
  }

  async #reload(): Promise<boolean> {
    const stamps = new Map<string, string>();
    try {
      await this.#load(stamps);
      this.#stamps = stamps;
      this.#isGood = true;
      this.#succeededAt = Date.now();
    } catch {
      // A file so bad that it names no others: the others may change and make no difference.
      this.#stamps = new Map([...this.#stamps, ...stamps]);
      this.#isGood = false;
    }
    return this.#isGood;
  }
}

function textOf(stamps: ReadonlyMap<string, string>): string {
  return JSON.stringify([...stamps]);
}
