import { asRefreshError, type SnapscrapeError } from '../model/errors.ts';
import type { LastWrite } from '../model/write-stats.ts';
import type { CacheStats } from '../refresh/cache-stats.ts';
import type {
  SnapshotProvider,
  SnapshotWait,
  SnapshotWatcher,
} from '../refresh/snapshot-provider.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

/** The state of one of the readers that were merged: a copy that stays as it is. */
export interface MemberState {
  /** Its name; those of readers within a merged reader come behind its name and `/`. */
  readonly name: string;
  /**
   * Whether its latest read succeeded, and, for a cached reader, its latest refresh too. False
   * before the first one. The last good samples of a cached reader may be on the page nevertheless.
   */
  readonly up: boolean;
  /** What its cache did and holds; undefined for a reader without one. */
  readonly stats: CacheStats | undefined;
  /**
   * When its source was last written, by writer, as of its latest read; empty if that is unknown.
   */
  readonly lastWrites: readonly LastWrite[];
}

/** What a member returned: its snapshot, or why it has no snapshot. */
export type MemberAnswer =
  | { readonly snapshot: Snapshot; readonly failure?: undefined }
  | { readonly snapshot?: undefined; readonly failure: SnapscrapeError };

/** One of the readers that are merged. Its failures end here. */
export class MergedMember implements SnapshotWatcher {
  readonly name: string;
  readonly provider: SnapshotProvider;
  /**
   * The snapshot that it gave last, for work ahead of reads. A read that ends while another
   * snapshot is published may leave the older one here, until the next read.
   */
  latest: Snapshot | undefined;
  #isUp = false;
  readonly #onPublished: () => void;

  /** @param onPublished - called after each snapshot that the provider publishes. */
  constructor(name: string, provider: SnapshotProvider, onPublished: () => void) {
    this.name = name;
    this.provider = provider;
    this.#onPublished = onPublished;
  }

  /** Reads it now. Never rejects. */
  async read(wait: SnapshotWait): Promise<MemberAnswer> {
    try {
      const snapshot = await this.provider.current(wait);
      this.#isUp = true;
      return { snapshot };
    } catch (error) {
      // A cancelled read says nothing about the reader's health.
      if (!wait.signal?.aborted) this.#isUp = false;
      return { failure: asRefreshError(error, 'reader') };
    }
  }

  published(snapshot: Snapshot): void {
    this.latest = snapshot;
    this.#onPublished();
  }

  /** Its state; the states of its own members where it is a merged reader. */
  states(): readonly MemberState[] {
    const inner = this.provider.members?.();
    if (inner !== undefined) {
      return inner.map((state) => ({ ...state, name: `${this.name}/${state.name}` }));
    }
    const stats = this.provider.cacheStats?.();
    const up = this.#isUp && stats?.isFailing !== true;
    return [{ name: this.name, up, stats, lastWrites: this.provider.lastWrites?.() ?? [] }];
  }
}
