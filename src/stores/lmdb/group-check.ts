import { setImmediate } from 'node:timers/promises';
import type { Environment } from './environment.ts';
import { type GroupEntry, GroupView } from './group-records.ts';
import type { ReadFrame } from './read-frame.ts';
import { SeriesIndex } from './series-index.ts';

// Series between two turns of the event loop: a few ms.
const SLICE = 1_024;

/** Checks that the groups of a file and what they own agree. */
export class GroupCheck {
  readonly #environment: Environment;
  readonly #frame: ReadFrame;
  readonly #onFault: (fault: string) => void;

  /** @param onFault - called with a sentence for each fault. */
  constructor(environment: Environment, frame: ReadFrame, onFault: (fault: string) => void) {
    this.#environment = environment;
    this.#frame = frame;
    this.#onFault = onFault;
  }

  async run(): Promise<void> {
    const { transaction } = this.#frame;
    const view = new GroupView(this.#environment, transaction);
    let owned = 0;
    try {
      for (const group of view.entries()) owned += await this.#check(view, group);
    } catch {
      this.#onFault('the record of a group');
      return;
    }
    const owners = this.#environment.owners.getKeysCount({ transaction });
    if (owners !== owned) {
      this.#onFault(`groups own ${owners} series and list ${owned}`);
    }
  }

  /** Returns how many series the group lists. */
  async #check(view: GroupView, { key, number, series }: GroupEntry): Promise<number> {
    const index = new SeriesIndex(this.#environment.series);
    const [listed, ...members] = view.members(number);
    const name = key.slice(0, 200);
    if (listed !== key || members.length !== series) {
      this.#onFault(`the group ${name} has ${members.length} series and should have ${series}`);
    }
    for (const [at, id] of members.entries()) {
      const slot = index.slotOf(id, this.#frame.transaction);
      if (slot === undefined || view.ownerOf(slot) !== number) {
        this.#onFault(`the group ${name} does not own ${id.slice(0, 200)}`);
      }
      if (at % SLICE === SLICE - 1) await setImmediate();
    }
    return members.length;
  }
}
