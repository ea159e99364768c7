import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { SnapscrapeError } from '../../model/errors.ts';
import { KeyReader } from '../../model/key/index.ts';
import { LONGEST_TIMER } from '../../model/options.ts';
import { isSoundPayload } from '../../model/payload-check.ts';
import { describeSubject } from '../../model/rejection.ts';
import { ChangeRecords } from './change-records.ts';
import { type Environment, openEnvironment } from './environment.ts';
import { checkGroups } from './group-check.ts';
import { idChecksum } from './ledger-state.ts';
import { lmdbFailure } from './lmdb-failure.ts';
import { structureFault } from './page-check.ts';
import { PageFile } from './page-file.ts';
import { ReadFrame } from './read-frame.ts';
import type { SampleView } from './sample-pages.ts';
import { isFile } from './store-files.ts';

/** What `LmdbStore.verify` found. */
export interface LmdbVerification {
  /** The series that could be read. */
  readonly series: number;
  /** What is damaged, one sentence each, at most 100; empty for a sound file. */
  readonly faults: readonly string[];
}

const MOST_FAULTS = 100;
// Series between two turns of the event loop: a few ms.
const SLICE = 4_096;

/** Verifies the file in a folder; see `LmdbStore.verify`. */
export async function verifyFile(path: string): Promise<LmdbVerification> {
  try {
    const fault = await pageFault(path);
    if (fault !== undefined) return { series: 0, faults: [`data.mdb ${fault}`] };
    return await verifyRecords(path);
  } catch (cause) {
    throw lmdbFailure('verify', path, cause);
  }
}

async function verifyRecords(path: string): Promise<LmdbVerification> {
  const environment = await openEnvironment(path, undefined, { keepsLayout: true });
  try {
    const frame = new ReadFrame(environment, LONGEST_TIMER, () => undefined);
    return await new Verification(environment, frame).run().finally(() => frame.close());
  } finally {
    await environment.root.close();
  }
}

async function pageFault(path: string): Promise<string | undefined> {
  const data = join(path, 'data.mdb');
  if (!isFile(data)) throw missing(path);
  return PageFile.with(data, (file) => {
    if (file.head().kind === 'unfinished') throw missing(path);
    return structureFault(file);
  });
}

function missing(path: string): SnapscrapeError {
  return new SnapscrapeError(
    'store_unavailable',
    `There is no LMDB store at ${path}; give the folder that has data.mdb`,
  );
}

/** Whether a series has a sample, and a text only one that admission would write. */
function isSoundSample(id: string, { payload, updatedAt }: SampleView): boolean {
  if (!Number.isFinite(updatedAt)) return false;
  return typeof payload === 'number' || isSoundPayload(id, payload);
}

class Verification {
  readonly #environment: Environment;
  readonly #frame: ReadFrame;
  readonly #faults: string[] = [];
  // Of single records; the others say more.
  readonly #recordFaults: string[] = [];
  #series = 0;

  constructor(environment: Environment, frame: ReadFrame) {
    this.#environment = environment;
    this.#frame = frame;
  }

  async run(): Promise<LmdbVerification> {
    await this.#checkSeries();
    this.#checkFamilies();
    await checkGroups(this.#environment, this.#frame, (fault) => this.#record(fault));
    await this.#checkLog();
    const faults = [...this.#faults, ...this.#recordFaults].slice(0, MOST_FAULTS);
    return { series: this.#series, faults };
  }

  async #checkSeries(): Promise<void> {
    const { samples, state } = this.#frame;
    const keys = new KeyReader();
    const walk = this.#frame.walk();
    const slots = new Set<number>();
    let seen = 0;
    let sum = 0;
    for (; walk.advance(); seen++) {
      const { id, slot } = walk;
      samples.read(slot);
      if (keys.read(id) === undefined) this.#record(`${describeSubject(id)}: invalid_labels`);
      else if (isSoundSample(id, samples)) this.#series++;
      else this.#record(`${id.slice(0, 200)}: invalid_value`);
      slots.add(slot);
      sum = (sum + idChecksum(id, slot)) % 0x1_0000_0000;
      if (seen % SLICE === SLICE - 1) await setImmediate();
    }
    if (seen !== state.series)
      this.#faults.push(`there are ${seen} series and should be ${state.series}`);
    if (slots.size !== seen) this.#faults.push('two series have one sample');
    if (!Number.isNaN(state.idSum) && sum !== state.idSum) {
      this.#faults.push('the ids of some series are not those that were written');
    }
  }

  #checkFamilies(): void {
    const { transaction } = this.#frame;
    for (const { key, value } of this.#environment.families.getRange({ transaction })) {
      try {
        JSON.parse(value.toString());
      } catch {
        const name = JSON.stringify(String(key).slice(0, 200));
        this.#record(`the metadata of ${name}`);
      }
    }
  }

  #record(fault: string): void {
    if (this.#recordFaults.length < MOST_FAULTS) this.#recordFaults.push(fault);
  }

  async #checkLog(): Promise<void> {
    const { state, transaction } = this.#frame;
    const log = new ChangeRecords(this.#environment.changes, 1);
    for (let at = state.oldest; at < state.sequence; ) {
      const changes = log.since(at, SLICE, transaction);
      if (changes === undefined || changes.end === at) {
        this.#faults.push('the log of changes has a gap; readers read everything again');
        return;
      }
      at = changes.end;
      await setImmediate();
    }
  }
}
