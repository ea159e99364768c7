import type { ProgramLog } from '../logging/program-log.ts';
import { SnapscrapeError } from '../model/errors.ts';

/**
 * Knows whether the store of a gateway can be written. Each change is logged once, with how many
 * failures there were meanwhile.
 */
export class StoreWatch {
  readonly #log: ProgramLog;
  readonly #lose: (error: SnapscrapeError) => void;
  #failure: string | undefined;
  #suppressed = 0;

  /** @param lose - is called if the store can be neither written nor read any more. */
  constructor(log: ProgramLog, lose: (error: SnapscrapeError) => void) {
    this.#log = log;
    this.#lose = lose;
  }

  /** Whether the latest write failed. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Notes that the store has taken a write. */
  succeeded(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    const fields = this.#suppressed > 0 ? { suppressed: this.#suppressed } : {};
    this.#suppressed = 0;
    this.#log.info('storage', 'Store can be written again', fields);
  }

  /** Notes that the store could not take a write; `isReadable` says whether it is there at all. */
  async failed(error: unknown, isReadable: () => Promise<boolean>): Promise<void> {
    const { message, code, cause } = Object(error) as Partial<SnapscrapeError>;
    if (this.#failure === message) this.#suppressed++;
    else {
      this.#failure = String(message);
      const reason = cause instanceof Error ? { cause: cause.message } : {};
      this.#log.error('storage', 'Store cannot be written', { err: message, code, ...reason });
    }
    if (code === 'closed' || (await isReadable())) return;
    const text =
      'the store can be neither written nor read; what was acknowledged is in it. Restart the ' +
      'gateway to open it again';
    this.#lose(new SnapscrapeError('store_unavailable', text, { cause: error }));
  }
}
