import type { SnapscrapeError } from '../../model/errors.ts';
import { MOST_POINT_BYTES } from '../../model/value/index.ts';
import { applyCommit } from '../apply-commit.ts';
import type {
  Commit,
  Committed,
  DriverChanges,
  DriverFrame,
  FrameOptions,
  Lifetimes,
  ListedGroup,
  StoreDriver,
  StoredGroup,
  WriteNotes,
} from '../driver.ts';
import { DeltaReader } from './delta-reading.ts';
import { FamilyRecords } from './family-records.ts';
import { pagesOf } from './frame-reading.ts';
import { GroupView } from './group-records.ts';
import type { LedgerAccess } from './ledger-access.ts';
import type { LedgerState } from './ledger-state.ts';
import { lmdbFailure } from './lmdb-failure.ts';
import { keysOfName } from './series-key.ts';
import { SplitCommit } from './split-commit.ts';
import { type OverSeries, seriesOver } from './sweep.ts';
import { WriterRecords } from './writer-records.ts';

/**
 * Keeps series in an LMDB file. A commit of up to 500 puts and ends is one transaction; a larger
 * one may be several, each of which a reader sees.
 */
export class LmdbDriver implements StoreDriver {
  // So many points are checked, and put in order, in a few ms each.
  readonly limits: StoreDriver['limits'] = {
    keyBytes: 16_777_216,
    // No point is admitted that takes more on a page.
    payloadBytes: MOST_POINT_BYTES,
    commit: 4_096,
    groups: true,
  };
  readonly #access: LedgerAccess;
  readonly #deltas: DeltaReader;
  readonly #families: FamilyRecords;
  readonly #writers: WriterRecords;

  constructor(access: LedgerAccess) {
    this.#access = access;
    this.#deltas = new DeltaReader(access);
    this.#families = new FamilyRecords(access.environment);
    this.#writers = new WriterRecords(access.environment.writers);
  }

  /** What is known of the whole file, and how large it is, in bytes. */
  numbers(): LedgerState & { readonly fileBytes: number } {
    const { state } = this.#access.read((frame) => frame);
    return { ...state, fileBytes: this.#access.fileBytes() };
  }

  head(): string {
    return this.#access.read(({ state }) => this.#deltas.cursorOf(state));
  }

  async commit(commit: Commit): Promise<Committed> {
    if (commit.group !== undefined) return this.#commitGroup(commit);
    const split = new SplitCommit(commit);
    do {
      await this.#access.write((writer) => {
        split.writeSome(writer);
        if (split.isDone) this.#finish(commit);
      });
    } while (!split.isDone);
    return split.committed;
  }

  frame({ name }: FrameOptions = {}): DriverFrame {
    const frame = this.#access.openFrame();
    try {
      return {
        cursor: this.#deltas.cursorOf(frame.state),
        records: this.#families.read(frame.transaction),
        pages: this.#guarded(pagesOf(frame, name === undefined ? [{}] : keysOfName(name))),
        close: () => frame.close(),
      };
    } catch (cause) {
      frame.close();
      throw this.#failure(cause);
    }
  }

  changes(cursor: string, most: number): DriverChanges | 'lost' {
    try {
      return this.#deltas.read(cursor, most);
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  group(key: string): (StoredGroup & { readonly keys: readonly string[] }) | undefined {
    return this.#access.read(({ transaction }) => {
      const view = new GroupView(this.#access.environment, transaction);
      const entry = view.entry(key);
      return entry && { ...entry, keys: view.members(entry.number).slice(1) };
    });
  }

  groups(): readonly ListedGroup[] {
    return this.#access.read(({ transaction }) => [
      ...new GroupView(this.#access.environment, transaction).entries(),
    ]);
  }

  async sweep(now: number, lifetimes: Lifetimes): Promise<number> {
    const { keys, times } = await this.#seriesOver(now, lifetimes);
    if (keys.length === 0) return 0;
    // By their times, as another process may have written meanwhile.
    const commit = { puts: [], ends: keys, endTimes: times, most: Number.POSITIVE_INFINITY };
    return (await this.commit(commit)).ended;
  }

  notes(): WriteNotes {
    return this.#access.read(({ transaction }) => this.#writers.all(transaction));
  }

  healthy(): boolean {
    return this.#access.isSound();
  }

  /** Ends frames, and waits at most 5 s for what is written; see `LedgerAccess.close`. */
  close(): Promise<void> {
    return this.#access.close();
  }

  /** Applies the commit of a group in one transaction, however long it is. */
  #commitGroup(commit: Commit): Promise<Committed> {
    return this.#access.write((writer) => {
      const committed = applyCommit(writer, commit);
      if (committed.refused === undefined) this.#finish(commit);
      return committed;
    });
  }

  #finish({ records, note }: Commit): void {
    if (records !== undefined) this.#families.put(records);
    if (note !== undefined) this.#writers.note(note);
  }

  async #seriesOver(now: number, lifetimes: Lifetimes): Promise<OverSeries> {
    const frame = this.#access.openFrame();
    try {
      return await seriesOver(frame, now, lifetimes);
    } catch (cause) {
      throw this.#failure(cause);
    } finally {
      frame.close();
    }
  }

  *#guarded<T>(items: Iterable<T>): Generator<T, void, undefined> {
    try {
      yield* items;
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  #failure(cause: unknown): SnapscrapeError {
    return lmdbFailure('read', this.#access.environment.path, cause);
  }
}
