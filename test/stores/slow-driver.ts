import { setImmediate } from 'node:timers/promises';
import type {
  Commit,
  Committed,
  DriverChanges,
  DriverFrame,
  Entries,
  ListedGroup,
  StoreDriver,
  WriteNotes,
} from '../../src/stores/driver.ts';

/** A data set that several stores of this process share: its series, and what they noted. */
export class SharedData {
  readonly series: StoreDriver;
  readonly writes: Map<string | undefined, number> = new Map();
  readonly unwritten: Map<string, number> = new Map();

  constructor(series: StoreDriver) {
    this.series = series;
  }

  get notes(): WriteNotes {
    const lastWrites = [...this.writes].map(([writer, at]) => ({ writer, at }));
    return { lastWrites, unwritten: new Map(this.unwritten) };
  }
}

/**
 * A driver as one over a network would be: each method returns a promise that takes a turn of the
 * event loop, before the work and after it.
 */
export class SlowDriver implements StoreDriver {
  readonly limits: StoreDriver['limits'];
  readonly #data: SharedData;

  constructor(data: SharedData) {
    this.#data = data;
    this.limits = data.series.limits;
  }

  head(): Promise<string> {
    return slowly(() => this.#data.series.head());
  }

  commit(commit: Commit): Promise<Committed> {
    return slowly(async () => {
      const { writes, unwritten } = this.#data;
      const committed = await this.#data.series.commit(commit);
      if (committed.refused !== undefined) return committed;
      if (commit.note?.at !== undefined) writes.set(commit.note.writer, commit.note.at);
      for (const [reason, count] of commit.note?.unwritten ?? []) {
        unwritten.set(reason, (unwritten.get(reason) ?? 0) + count);
      }
      return committed;
    });
  }

  async frame(): Promise<DriverFrame> {
    const frame = await slowly(() => this.#data.series.frame());
    return { ...frame, pages: slowPages(frame.pages) };
  }

  changes(cursor: string, most: number): Promise<DriverChanges | 'lost'> {
    return slowly(() => this.#data.series.changes(cursor, most));
  }

  group(key: string): ReturnType<NonNullable<StoreDriver['group']>> {
    return slowly(() => this.#data.series.group!(key));
  }

  groups(): Promise<Iterable<ListedGroup>> {
    return slowly(() => this.#data.series.groups!());
  }

  notes(): Promise<WriteNotes> {
    return slowly(() => this.#data.notes);
  }

  healthy(): Promise<boolean> {
    return slowly(() => true);
  }

  close(): Promise<void> {
    // The data set stays for the other stores.
    return slowly(() => undefined);
  }
}

async function slowly<T>(work: () => T): Promise<Awaited<T>> {
  await setImmediate();
  const result = await work();
  await setImmediate();
  return result;
}

async function* slowPages(pages: DriverFrame['pages']): AsyncGenerator<Entries> {
  for await (const page of pages) {
    await setImmediate();
    yield page;
  }
}
