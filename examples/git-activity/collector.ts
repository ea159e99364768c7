import { once } from 'node:events';
import { type MetricPoint, type MetricStore, seriesId } from 'snapscrape';
import { ACTIVITY_NAMES, REPOSITORY_UP } from './families.ts';
import type { ActivityHistory } from './history.ts';
import type { Repository } from './repository.ts';

/** What a collector works on and with. */
export interface CollectorOptions {
  /** Where the points go. The collector is its only writer. */
  readonly store: Pick<MetricStore, 'upsert' | 'delete'>;
  /** What is read, under names of which no two are the same. */
  readonly repositories: readonly Repository[];
  /** How long one call of git may take, in ms. */
  readonly gitTimeoutMs: number;
  /** Ends the collecting for good, and kills what git still does. */
  readonly signal: AbortSignal;
  /** The clock, in Unix milliseconds. */
  readonly now: () => number;
  /** Takes a line when a repository goes down or comes back. */
  readonly log: (line: string) => void;
}

// Enough to use the cores while one repository waits for its disk; and a hundred repositories do
// not start a hundred processes at once.
const READ_AT_ONCE = 4;

/**
 * Reads repositories and writes what has changed to a store. One repository's trouble is its own.
 */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #rounds = new Set<Promise<unknown>>();
  readonly #busy = new Set<Repository>();
  /** What the store has of each repository: its history, or why there is none. */
  readonly #written = new Map<Repository, ActivityHistory | string>();
  #lastWrite = 0;

  /** Makes a collector; nothing is read before {@link collect} or {@link run}. */
  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /**
   * Reads every repository once, leaving out those that an earlier round is still busy with, and
   * answers when their points are in the store. Never rejects.
   */
  async collect(): Promise<void> {
    const waiting = this.#options.repositories.filter((one) => !this.#busy.has(one));
    for (const repository of waiting) this.#busy.add(repository);
    const work = async (): Promise<void> => {
      for (let next: Repository | undefined; (next = waiting.shift()) !== undefined; ) {
        await this.#collectOne(next);
        this.#busy.delete(next);
      }
    };
    const round = Promise.all(Array.from({ length: READ_AT_ONCE }, work));
    this.#rounds.add(round);
    await round;
    this.#rounds.delete(round);
  }

  /**
   * Collects every so many milliseconds; answers when it was ended and nothing is written any more.
   */
  async run(intervalMs: number): Promise<void> {
    const { signal } = this.#options;
    const timer = setInterval(() => void this.collect(), intervalMs);
    if (!signal.aborted) await once(signal, 'abort');
    clearInterval(timer);
    await Promise.all(this.#rounds);
  }

  async #collectOne(repository: Repository): Promise<void> {
    const { gitTimeoutMs: timeoutMs, now, signal } = this.#options;
    if (signal.aborted) return;
    try {
      const { history } = await repository.read({ now: now() / 1000, signal, timeoutMs });
      await this.#write(repository, history);
    } catch (error) {
      if (!signal.aborted) await this.#giveUp(repository, reasonOf(error));
    }
  }

  async #write(repository: Repository, history: ActivityHistory): Promise<void> {
    const before = this.#written.get(repository);
    this.#written.set(repository, history);
    const updatedAt = this.#writeTime();
    const changes = history.changes(this.#options.now() / 1000);
    const points = changes.map(({ name, user, value }): MetricPoint => {
      return { name, labels: { repo: repository.name, user }, value, updatedAt };
    });
    if (!isHistory(before)) points.push(upPoint(repository, 1, updatedAt));
    const ended =
      isHistory(before) && before !== history ? endedSeries(repository, before, history) : [];
    // The store does both before anything else runs, so that no snapshot is taken in between.
    await Promise.all([this.#options.store.delete(ended), this.#options.store.upsert(points)]);
    if (typeof before === 'string') this.#log(repository, 'can be read again');
  }

  async #giveUp(repository: Repository, reason: string): Promise<void> {
    const before = this.#written.get(repository);
    this.#written.set(repository, reason);
    if (before !== reason) this.#log(repository, `${reason}; will try again`);
    if (typeof before === 'string') return;
    await Promise.all([
      this.#options.store.delete({ labels: { repo: repository.name } }),
      this.#options.store.upsert(upPoint(repository, 0, this.#writeTime())),
    ]);
  }

  /**
   * The time now, but never before an earlier answer: the store keeps what is newer by `updatedAt`.
   */
  #writeTime(): number {
    this.#lastWrite = Math.max(this.#lastWrite, this.#options.now());
    return this.#lastWrite;
  }

  #log(repository: Repository, what: string): void {
    this.#options.log(`${repository.name} (${repository.path}): ${what}`);
  }
}

function isHistory(written: ActivityHistory | string | undefined): written is ActivityHistory {
  return typeof written === 'object';
}

function upPoint(repository: Repository, value: 0 | 1, updatedAt: number): MetricPoint {
  return { name: REPOSITORY_UP, labels: { repo: repository.name }, value, updatedAt };
}

/** The series of contributors without commits since history was rewritten. */
function endedSeries(
  repository: Repository,
  before: ActivityHistory,
  after: ActivityHistory,
): string[] {
  const gone = [...before.users()].filter((user) => !after.hasUser(user));
  return gone.flatMap((user) =>
    ACTIVITY_NAMES.map((name) => seriesId({ name, labels: { repo: repository.name, user } })),
  );
}

function reasonOf(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'there is nothing at this path';
  return error instanceof Error ? error.message : String(error);
}
