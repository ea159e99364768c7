import { SnapscrapeError } from '../../model/errors.ts';
import type { DataSet } from './data-set.ts';
import { forEachPartition, type Layout, numbersBetween } from './layout.ts';
import type { RedisScript } from './redis-script.ts';
import { countOf, forbiddenError, textsOf } from './replies.ts';
import { PROBE, PROBE_WRITING } from './upkeep-scripts.ts';

/** Looks whether the data set can be read and written, without writing. */
export class DataSetProbe {
  readonly #dataSet: DataSet;
  readonly #isLimited: boolean;

  /**
   * @param isLimited - whether there is a limit of series, which takes a lock over several
   * partitions.
   */
  constructor(dataSet: DataSet, isLimited: boolean) {
    this.#dataSet = dataSet;
    this.#isLimited = isLimited;
  }

  /** Whether all partitions can be read and written now. Never rejects. */
  async isHealthy(): Promise<boolean> {
    try {
      const { calls, keys } = this.#dataSet;
      const [layout] = await Promise.all([
        this.#dataSet.readLayout('healthy'),
        calls.read('healthy', keys.families, ['HLEN', keys.families]),
      ]);
      const probes = await this.#probeAll('healthy', PROBE_WRITING, layout);
      return probes.every((probe) => [...probe.unread, ...probe.unwritten].length === 0);
    } catch {
      return false;
    }
  }

  /**
   * Tells of what will go wrong: keys of another type, rights that are not there, a server that
   * evicts keys. Of a server that is not there, calls tell.
   */
  async report(onError: (error: SnapscrapeError) => void): Promise<void> {
    try {
      const layout = await this.#dataSet.readLayout('open');
      const probes = await this.#probeAll('open', PROBE, layout);
      const evicting = probes.find(({ policy }) => policy.startsWith('allkeys'));
      if (evicting !== undefined) onError(evictionError(evicting.policy));
      const faults = probes.map(faultsOf).find(({ length }) => length > 0);
      if (faults !== undefined) onError(forbiddenError('open', faults.join(', ')));
    } catch (error) {
      if (error instanceof SnapscrapeError && isLasting(error)) onError(error);
    }
  }

  #probeAll(method: string, script: RedisScript, layout: Layout): Promise<readonly Probe[]> {
    const { calls, keys, lease } = this.#dataSet;
    const needsLock = lease !== undefined || (this.#isLimited && layout.partitions > 1);
    const lock = needsLock ? keys.lease : '';
    const probe = async (partition: number): Promise<Probe> => {
      const { state, log, marks, bucket } = keys.partition(partition);
      const scriptKeys = [state, log, marks, ...numbersBetween(0, layout.buckets).map(bucket)];
      const reply = textsOf(await calls.run(method, script, scriptKeys, [lock]), 4);
      const [unread, unwritten] = reply.slice(1, 3).map(wordsOf);
      const isToRead = unwritten!.length === countOf(reply[3]);
      return { policy: reply[0]!, unread: unread!, unwritten: unwritten!, isToRead };
    };
    return forEachPartition(layout, probe);
  }
}

/** What the script found. */
interface Probe {
  /** What the server does when its memory is full; empty where the user may not ask. */
  readonly policy: string;
  /** Commands that reading takes and the user may not use. */
  readonly unread: readonly string[];
  /** Commands that writing takes and the user may not use. */
  readonly unwritten: readonly string[];
  /** Whether the user has no right to write at all, and so is to read only. */
  readonly isToRead: boolean;
}

function faultsOf({ unread, unwritten, isToRead }: Probe): readonly string[] {
  return isToRead ? unread : [...unread, ...unwritten];
}

function wordsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ');
}

/**
 * Whether an error tells of the data set or the user, rather than of a server that is not there
 * now.
 */
function isLasting({ code, cause }: SnapscrapeError): boolean {
  if (code === 'store_schema_newer' || code === 'store_forbidden') return true;
  return cause instanceof Error && cause.message.startsWith('WRONGTYPE');
}

function evictionError(policy: string): SnapscrapeError {
  return new SnapscrapeError(
    'store_unavailable',
    `Redis may evict series when its memory is full (maxmemory-policy ${policy}); ` +
      'set maxmemory-policy to noeviction or to one of the volatile- policies',
  );
}
