import type { Transaction } from 'lmdb';
import { SnapscrapeError } from '../../model/errors.ts';
import type { Environment } from './environment.ts';
import type { LedgerState } from './ledger-state.ts';
import { SampleView } from './sample-pages.ts';
import type { KeyRange } from './series-key.ts';
import { SeriesWalk } from './series-walk.ts';
import { TextRecords } from './text-records.ts';

/**
 * The file as it was at one moment, while others write on. LMDB keeps what they replace for as long
 * as the frame is open, so it is open for a limited time.
 */
export class ReadFrame {
  /** What is known of the whole file at that moment. */
  readonly state: Readonly<LedgerState>;
  /** The values and times. */
  readonly samples: SampleView;
  /** For reads of other databases within this frame. */
  readonly transaction: Transaction;
  readonly #environment: Environment;
  readonly #onClose: (frame: ReadFrame) => void;
  readonly #walks = new Set<SeriesWalk>();
  readonly #timer: NodeJS.Timeout;
  #reason: SnapscrapeError | undefined;
  #isClosed = false;

  /**
   * Throws `store_schema_newer`; there is nothing to close then.
   *
   * @param maxReadTime - how long it may be open, in ms.
   * @param onClose - called once, when it closes.
   */
  constructor(environment: Environment, maxReadTime: number, onClose: (frame: ReadFrame) => void) {
    this.#environment = environment;
    this.#onClose = onClose;
    // Without it, reads of the same turn of the event loop share a frame, and miss what others
    // wrote since.
    environment.root.resetReadTxn();
    this.transaction = environment.root.useReadTransaction();
    try {
      this.state = environment.state.read(this.transaction);
    } catch (error) {
      this.transaction.done();
      throw error;
    }
    this.samples = new SampleView(
      environment.samples,
      new TextRecords(environment.texts),
      this.transaction,
    );
    this.#timer = setTimeout(() => this.close(expired(environment.path, maxReadTime)), maxReadTime);
    this.#timer.unref();
  }

  /** All series in order, or those from one key up to another. It ends with the frame. */
  walk(range: KeyRange = {}): SeriesWalk {
    this.assertOpen();
    const walk = new SeriesWalk(this.#environment.series, this.transaction, range);
    this.#walks.add(walk);
    return walk;
  }

  /** Whether it was closed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Its time begins again. */
  renew(): void {
    this.#timer.refresh();
  }

  /** Throws if the frame was closed. */
  assertOpen(): void {
    if (this.#isClosed) throw this.#reason ?? new Error('The frame was closed');
  }

  /**
   * Lets go of the moment.
   *
   * @param reason - what later reads of the frame throw.
   */
  close(reason?: SnapscrapeError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reason = reason;
    clearTimeout(this.#timer);
    // Cursors must be closed before their transaction.
    for (const walk of this.#walks) walk.close();
    this.#walks.clear();
    this.samples.forget();
    this.transaction.done();
    this.#onClose(this);
  }
}

function expired(path: string, maxReadTime: number): SnapscrapeError {
  return new SnapscrapeError(
    'snapshot_expired',
    `A snapshot of the LMDB store at ${path} was not read to its end within ${maxReadTime} ms; read faster or raise maxReadTime`,
  );
}
