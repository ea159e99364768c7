import type { Reading } from '../protocol.ts';
import { type Change, Workload, type WorkloadShape } from '../workload/workload.ts';
import { type Measure, type Observation, refreshOf } from './observation.ts';
import { checkPage, expectedSum, type PageSum } from './page-check.ts';
import { ScrapeClient } from './scrape-client.ts';
import { type Coding, type SubjectPlan, TYPICAL_CHANGE } from './subject-list.ts';
import { type Launch, SubjectProcess } from './subject-process.ts';

/** What a subject is measured with. */
export interface Task extends WorkloadShape {
  readonly plan: SubjectPlan;
  readonly round: number;
  /** What its pages must hold after the build. */
  readonly expected: PageSum;
  readonly pointsFile: string;
  readonly launch: Launch;
  /** Whether the series of blocks is measured this time, where the plan has one. */
  readonly withBlocks: boolean;
}

/** How often something is done: until enough time was spent on it, within bounds. */
interface Effort {
  readonly least: number;
  readonly most: number;
  /** In ms. */
  readonly enough: number;
}

const SCRAPES: Effort = { least: 1, most: 20, enough: 300 };
const REFRESHES: Effort = { least: 1, most: 15, enough: 500 };
/** A first time that took longer is measured too: there is none to spare. In ms. */
const LONG = 1500;
const BLOCK_COUNT = 100;

/** Measures one subject in a process of its own; returns its version and the observations. */
export async function measureSubject(
  task: Task,
): Promise<{ version: string | undefined; observations: readonly Observation[] }> {
  const { series, names, plan, pointsFile } = task;
  const setup = { subject: plan.factory ?? plan.name, series, names, pointsFile };
  const { process, ready } = await SubjectProcess.start(plan, setup, task.launch);
  const client = new ScrapeClient(ready.port);
  try {
    const run = new SubjectRun(task, process, client);
    await run.everything();
    return { version: ready.version, observations: run.observations };
  } finally {
    client.close();
    await process.stop();
  }
}

class SubjectRun {
  readonly observations: Observation[] = [];
  readonly #task: Task;
  readonly #process: SubjectProcess;
  readonly #client: ScrapeClient;
  readonly #made: Change[] = [];

  constructor(task: Task, process: SubjectProcess, client: ScrapeClient) {
    this.#task = task;
    this.#process = process;
    this.#client = client;
  }

  async everything(): Promise<void> {
    const { plan, withBlocks } = this.#task;
    this.#note('memory empty', await this.#process.memory());
    const build = await this.#process.measure({ command: 'build' });
    if (plan.isBuilt) this.#note('build', build);
    for (const coding of plan.codings) await this.#scrapes(coding);
    this.#note('memory scraped', await this.#process.memory());
    for (const change of plan.changes) if (!isOfSpares(change)) await this.#refreshes(change);
    await this.#additions(plan.changes.filter(isOfSpares));
    if (plan.codings.includes('gzip') && plan.changes.length > 0) await this.#cycles();
    if (withBlocks && plan.hasBlockSeries) await this.#blocks();
    this.#note('memory refreshed', await this.#process.memory());
    await this.#checkLastPage();
  }

  /** The first page is checked; where it was long in coming, no others are asked for. */
  async #scrapes(coding: Coding): Promise<void> {
    await this.#process.begin({ command: 'begin' });
    const start = performance.now();
    const page = await this.#client.page(coding);
    const wall = performance.now() - start;
    const first = await this.#process.measure({ command: 'end' });
    checkPage(page, this.#task.expected);
    this.#note(`first ${coding}`, { ...first, wall });
    if (wall > LONG) this.#note(`scrape ${coding}`, { ...first, wall });
    else this.#note(`scrape ${coding}`, await this.#scrapeOften(coding));
  }

  async #scrapeOften(coding: Coding): Promise<Observation['values']> {
    const walls: number[] = [];
    let body = 0;
    // Not measured: V8 runs the first scrapes several times as slowly, the more code there is.
    await withEffort(SCRAPES, async () => void (await this.#client.scrape(coding)));
    await this.#process.begin({ command: 'begin' });
    await withEffort(SCRAPES, async () => {
      const scrape = await this.#client.scrape(coding);
      walls.push(scrape.wall);
      body = scrape.body;
    });
    const { cpu, main, block } = await this.#process.measure({ command: 'end' });
    const count = walls.length;
    return {
      cpu: cpu / count,
      main: main === undefined ? undefined : main / count,
      block,
      wall: walls.reduce((sum, wall) => sum + wall, 0) / count,
      body,
    };
  }

  async #refreshes(change: Change): Promise<void> {
    const first = await this.#refresh(change);
    if (first.cpu > LONG) this.#note(refreshOf(change), first);
    else {
      await withEffort(REFRESHES, async () =>
        this.#note(refreshOf(change), await this.#refresh(change)),
      );
    }
  }

  /** What is added must be removed again before it can be added once more. */
  async #additions(changes: readonly Change[]): Promise<void> {
    const both = async (): Promise<void> => {
      for (const change of changes) this.#note(refreshOf(change), await this.#refresh(change));
    };
    await (changes.length > 1 ? withEffort(REFRESHES, both) : both());
  }

  #refresh(change: Change, keepsGarbage = false): Promise<Reading> {
    this.#made.push(change);
    return this.#process.measure({ command: 'refresh', change, keepsGarbage });
  }

  async #cycles(): Promise<void> {
    await withEffort(REFRESHES, async () => {
      this.#made.push(TYPICAL_CHANGE);
      await this.#process.begin({ command: 'refresh-and-begin', change: TYPICAL_CHANGE });
      const { wall, body } = await this.#client.scrape('gzip');
      const reading = await this.#process.measure({ command: 'end' });
      this.#note('cycle', { ...reading, wall, body });
    });
  }

  /**
   * A subject that left out changes would be fast: the last page must hold what all of them led to.
   */
  async #checkLastPage(): Promise<void> {
    const { plan, series, names } = this.#task;
    const [coding] = plan.codings;
    if (this.#made.length === 0 || coding === undefined) return;
    const workload = new Workload({ series, names });
    for (const change of this.#made) workload.change(change);
    checkPage(await this.#client.page(coding), expectedSum(workload));
  }

  /** Garbage is kept, so that its collections are seen too. */
  async #blocks(): Promise<void> {
    const { plan } = this.#task;
    for (const coding of plan.codings) {
      for (let i = 0; i < BLOCK_COUNT; i++) {
        await this.#process.begin({ command: 'begin', keepsGarbage: true });
        await this.#client.scrape(coding);
        this.#note(`block scrape ${coding}`, await this.#process.measure({ command: 'end' }));
      }
    }
    if (plan.changes.length === 0) return;
    for (let i = 0; i < BLOCK_COUNT; i++) {
      this.#note('block refresh', await this.#refresh(TYPICAL_CHANGE, true));
    }
  }

  #note(measure: Measure, values: Observation['values']): void {
    const { plan, series, names, round } = this.#task;
    this.observations.push({ subject: plan.name, series, names, round, measure, values });
  }
}

function isOfSpares({ kind }: Change): boolean {
  return kind === 'new' || kind === 'deleted';
}

async function withEffort(effort: Effort, work: () => Promise<void>): Promise<void> {
  const start = performance.now();
  for (let done = 0; done < effort.most; done++) {
    if (done >= effort.least && performance.now() - start > effort.enough) return;
    await work();
  }
}
