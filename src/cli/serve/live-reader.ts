import type { SnapshotPoint } from '../../model/metric-point.ts';
import { RejectionLog } from '../../model/rejection.ts';
import type { SnapshotReader } from '../../model/snapshot-reader.ts';
import {
  type ProviderMember,
  providerOf,
  type SnapshotProvider,
  type SnapshotWait,
} from '../../refresh/snapshot-provider.ts';
import { snapshotPoints } from '../../snapshot/points.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';

/** The reader that is in force, of which the server judges its readiness. */
export class LiveReader implements SnapshotReader, SnapshotProvider {
  readonly isKept = true;
  readonly rejections: RejectionLog = new RejectionLog();
  readonly #reader: () => SnapshotReader;

  /** @param reader - the reader that is in force now. */
  constructor(reader: () => SnapshotReader) {
    this.#reader = reader;
  }

  async snapshot(wait?: SnapshotWait): Promise<Iterable<SnapshotPoint>> {
    return snapshotPoints(await this.current(wait));
  }

  current(wait?: SnapshotWait): Promise<Snapshot> {
    return providerOf(this.#reader()).current(wait);
  }

  members(): readonly ProviderMember[] {
    return providerOf(this.#reader()).members?.() ?? [];
  }
}
