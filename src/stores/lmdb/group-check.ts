import { setImmediate } from 'node:timers/promises';
import type { Environment } from './environment.ts';
import { type GroupEntry, GroupView } from './group-records.ts';
import type { ReadFrame } from './read-frame.ts';
import { SeriesIndex } from './series-index.ts';

// Series between two turns of the event loop: a few ms.
const SLICE = 1_024;

/**
 * Checks that the groups of a file and what they own agree.
 *
 * @param onFault - called with a sentence for each fault.
 */
export async function checkGroups(
  environment: Environment,
  { transaction }: ReadFrame,
  onFault: (fault: string) => void,
): Promise<void> {
  const view = new GroupView(environment, transaction);
  const index = new SeriesIndex(environment.series);
  let owned = 0;
  const check = async ({ key, number, series }: GroupEntry): Promise<void> => {
    const [listed, ...members] = view.members(number);
    const name = key.slice(0, 200);
    if (listed !== key || members.length !== series) {
      onFault(`the group ${name} has ${members.length} series and should have ${series}`);
    }
    for (const [at, id] of members.entries()) {
      const slot = index.slotOf(id, transaction);
      if (slot === undefined || view.ownerOf(slot) !== number) {
        onFault(`the group ${name} does not own ${id.slice(0, 200)}`);
      }
      if (at % SLICE === SLICE - 1) await setImmediate();
    }
    owned += members.length;
  };
  try {
    for (const group of view.entries()) await check(group);
  } catch {
    onFault('the record of a group');
    return;
  }
  const owners = environment.owners.getKeysCount({ transaction });
  if (owners !== owned) onFault(`groups own ${owners} series and list ${owned}`);
}
