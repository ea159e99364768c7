import type { ProgramLog } from '../logging/program-log.ts';
import type { EndedGroup } from './group-index.ts';

const MOST_NAMED = 5;
/** The most characters of the name of a group. */
const MOST_NAME = 100;

/** Logs in one line that groups have ended because they were not pushed to for so long. */
export function logExpired(log: ProgramLog, ended: readonly EndedGroup[]): void {
  if (ended.length === 0) return;
  const named = ended.slice(0, MOST_NAMED).map(nameOf);
  const groups = ended.length > MOST_NAMED ? [...named, '…'] : named;
  log.info('push', 'Groups expired', { count: ended.length, groups: groups.join('; ') });
}

function nameOf({ labels }: EndedGroup): string {
  const pairs = Array.from(labels, ([name, value]) => `${name}=${JSON.stringify(value)}`);
  const name = pairs.join(',');
  return name.length > MOST_NAME ? `${name.slice(0, MOST_NAME)}…` : name;
}
