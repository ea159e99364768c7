import { Pace } from '../../src/scheduling/pace.ts';

/**
 * A pace that is due each time it is asked, and counts how often work rested: where it may be cut.
 */
export class EagerPace extends Pace {
  rests = 0;

  constructor() {
    super(1e9);
  }

  override shouldYield(): boolean {
    return true;
  }

  override yield(): Promise<void> {
    this.rests++;
    return super.yield();
  }
}
