import type { ProgramLog } from '../logging/program-log.ts';
import { type GatewayFamily, readGatewayState } from './gateway-state/gateway-state.ts';
import { PUSH_FAILURE_TIME, PUSH_TIME } from './prepared-push.ts';
import { readFamilyMessage } from './protobuf-body.ts';
import { PushError, type PushedFamily } from './pushed-families.ts';
import type { PushedGroups } from './pushed-groups.ts';

/**
 * Takes the groups of a state file of the original over. A group that contradicts another one, or
 * that cannot be kept, is left out and logged.
 *
 * @param file - the path of the file, for errors.
 * @throws SnapscrapeError `invalid_state_file` if the file cannot be read.
 */
export async function importState(
  groups: PushedGroups,
  bytes: Uint8Array,
  { file, log }: { readonly file: string; readonly log: ProgramLog },
): Promise<void> {
  let taken = 0;
  const state = readGatewayState(bytes, file);
  for (const { labels, families } of state) {
    const own = new Map(labels);
    if (own.get('instance') === '') own.delete('instance');
    try {
      const read = new Map(families.map((family) => [family.name, readFamily(family)]));
      const times = {
        pushedAt: timeOf(read, PUSH_TIME),
        failedAt: timeOf(read, PUSH_FAILURE_TIME),
      };
      await groups.restore(own, read, times);
      taken++;
    } catch (error) {
      if (!(error instanceof PushError)) throw error;
      const { reason, message } = error;
      log.warn('storage', 'Group left out', { ...Object.fromEntries(own), reason, err: message });
    }
  }
  log.info('storage', 'State file imported', {
    file,
    groups: taken,
    left_out: state.length - taken,
  });
}

function readFamily({ message }: GatewayFamily): PushedFamily {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  return readFamilyMessage(bytes);
}

/** The time in a family of one gauge, in Unix ms; 0 for none. */
function timeOf(families: ReadonlyMap<string, PushedFamily>, name: string): number {
  const value = families.get(name)?.metrics[0]?.value;
  return typeof value === 'number' ? Math.round(value * 1000) : 0;
}
