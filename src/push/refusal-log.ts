import type { ProgramLog } from '../logging/program-log.ts';
import type { Group } from './group-index.ts';
import type { PushError } from './pushed-families.ts';

/** How many groups are remembered as refused; of others each refusal is logged as the first one. */
const MOST = 1000;

/** What a line of the log has beside labels: a client must not say when and how bad it was. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'time',
  'level',
  'component',
  'msg',
  'line',
  'reason',
  'status',
  'err',
  'suppressed',
]);

/**
 * Counts refused pushes, and logs that those of a group are refused: the first time, and when they
 * are accepted again.
 */
export class RefusalLog {
  readonly #log: ProgramLog;
  readonly #count: (reason: string) => void;
  /** How many refusals were not logged, by group and reason. */
  readonly #refused = new Map<string, { reason: string; suppressed: number }>();

  constructor(log: ProgramLog, count: (reason: string) => void) {
    this.#log = log;
    this.#count = count;
  }

  /** Notes that a push was refused. */
  refused({ key, labels }: Pick<Group, 'key' | 'labels'>, error: PushError): void {
    const { reason, line, message, status } = error;
    this.#count(reason);
    const known = this.#refused.get(key);
    if (known?.reason === reason) {
      known.suppressed++;
      return;
    }
    if (this.#refused.size >= MOST) this.#refused.delete(this.#refused.keys().next().value!);
    this.#refused.set(key, { reason, suppressed: 0 });
    this.#log.warn('push', 'Push refused', {
      ...labelFields(labels),
      ...(line !== undefined && line > 0 && { line }),
      reason,
      status,
      err: message.slice(0, 300),
      ...(known !== undefined && known.suppressed > 0 && { suppressed: known.suppressed }),
    });
  }

  /** Notes that a push was accepted. */
  accepted({ key, labels }: Pick<Group, 'key' | 'labels'>): void {
    const known = this.#refused.get(key);
    if (known === undefined) return;
    this.#refused.delete(key);
    this.#log.info('push', 'Push accepted again', {
      ...labelFields(labels),
      ...(known.suppressed > 0 && { suppressed: known.suppressed }),
    });
  }
}

function labelFields(labels: Group['labels']): Record<string, string> {
  const fields = Array.from(labels, ([name, value]) => {
    return [OWN_FIELDS.has(name) ? `label_${name}` : name, value] as const;
  });
  return Object.fromEntries(fields);
}
