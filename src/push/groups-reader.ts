import { elapsedClock } from '../model/clock.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import { type CacheConfig, checkCacheConfig } from '../refresh/cache-config.ts';
import { CachedReader } from '../refresh/cached-reader.ts';
import type { ErrorPolicy } from '../refresh/snapshot-provider.ts';
import type { PushedGroups } from './pushed-groups.ts';

/**
 * Caches a reader of pushed groups. A page that is asked for has every push that was acknowledged
 * before, and no group whose time has come.
 */
export class GroupsReader extends CachedReader {
  readonly #groups: PushedGroups;
  #running: { readonly state: number; readonly done: Promise<void> } | undefined;
  /** The state of the groups of which the latest snapshot has everything. */
  #readState = -1;

  /** Makes a reader of what groups are in; throws as `createCachedSnapshotReader` does. */
  constructor(source: SnapshotReader, config: CacheConfig, groups: PushedGroups) {
    super(source, checkCacheConfig(config), elapsedClock(undefined));
    this.#groups = groups;
  }

  protected override isFresh(policy: ErrorPolicy | undefined): boolean {
    const { state, isDue } = this.#groups;
    return !isDue && state === this.#readState && super.isFresh(policy);
  }

  /** Begins a read after it was asked for, or joins one that began in the same state. */
  override async refresh(): Promise<void> {
    for (let running = this.#running; running !== undefined; running = this.#running) {
      if (running.state === this.#groups.state) return running.done;
      // It may have begun before the latest push.
      await running.done.catch(() => undefined);
    }
    // A store that takes no write is read all the same.
    await this.#groups.sweep().catch(() => undefined);
    if (this.#running !== undefined) return this.refresh();
    const { state } = this.#groups;
    const running = { state, done: super.refresh() };
    this.#running = running;
    const end = (): void => {
      if (this.#running === running) this.#running = undefined;
    };
    running.done.then(() => {
      this.#readState = state;
      end();
    }, end);
    return running.done;
  }
}
