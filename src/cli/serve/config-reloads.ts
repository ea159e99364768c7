import type { SelfFamily } from '../../http/self-families.ts';
import { FileReloads } from '../../web/file-reloads.ts';

/** Reloads a configuration when it is asked to, and when one of its files has changed. */
export class ConfigReloads extends FileReloads {
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
    super(stamps, async (next) => {
      try {
        await load(next);
        this.#succeededAt = Date.now();
        this.#isGood = true;
      } catch (error) {
        this.#isGood = false;
        throw error;
      }
    });
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
}
