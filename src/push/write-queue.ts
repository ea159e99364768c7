/** From so many writes on the gateway says that it is not healthy, as the original does. */
const FULL = 1000;

/**
 * Begins a write; returns undefined if the write cannot begin beside those that are under way. It
 * is asked again when all of them have ended.
 *
 * @param isAlone - whether no other write is under way; then it must begin.
 */
export type BeginWrite<T> = (isAlone: boolean) => Promise<T> | undefined;

/** What has to be done, without any write under way, before the next one begins. */
export interface Upkeep {
  readonly isDue: () => boolean;
  readonly run: () => Promise<void>;
}

/** A write that waits for its turn. */
interface Waiting {
  /** Begins it; returns whether it has begun. */
  readonly begin: (isAlone: boolean) => boolean;
  readonly fail: (error: unknown) => void;
}

/**
 * Begins writes in the order in which they came, one beside the other as far as they can. So those
 * that come while a disk is written share the next sync.
 */
export class WriteQueue {
  readonly #upkeep: Upkeep;
  readonly #waiting: Waiting[] = [];
  #underWay = 0;
  /** Whether the first write waits until no other is under way. */
  #isBlocked = false;

  constructor(upkeep: Upkeep) {
    this.#upkeep = upkeep;
  }

  /** Whether there are so many writes that no more should come. */
  get isFull(): boolean {
    return this.#waiting.length + this.#underWay >= FULL;
  }

  /**
   * Runs a write in its turn; settles as it does. If the upkeep before it fails, this write and all
   * others that wait reject.
   */
  run<T>(begin: BeginWrite<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const beginNow = (isAlone: boolean): boolean => {
        const write = begin(isAlone);
        if (write === undefined) return false;
        this.#follow(write.then(resolve, reject));
        return true;
      };
      this.#waiting.push({ begin: beginNow, fail: reject });
      this.#beginNext();
    });
  }

  #beginNext(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      const isAlone = this.#underWay === 0;
      if (this.#isBlocked && !isAlone) return;
      const isDue = this.#upkeep.isDue();
      if (isDue && isAlone) this.#keepUp();
      this.#isBlocked = isDue || !next.begin(isAlone);
      if (this.#isBlocked) return;
      this.#waiting.shift();
    }
  }

  #keepUp(): void {
    const fail = (error: unknown): void => {
      for (const { fail: reject } of this.#waiting.splice(0)) reject(error);
    };
    this.#follow(this.#upkeep.run().catch(fail));
  }

  #follow(work: Promise<void>): void {
    this.#underWay++;
    void work.then(() => {
      this.#underWay--;
      this.#beginNext();
    });
  }
}
