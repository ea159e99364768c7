import { readFileSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import type { MemoryReading, Reading } from '../protocol.ts';

/**
 * The probe of the event loop fires that often, in ms; its histogram counts the interval as delay.
 */
const PROBE_INTERVAL = 1;
/** Trailing work has ended when the process needs less than this share of some moments. */
const QUIET_SHARE = 0.05;
const QUIET_LOOK = 10;
const QUIET_LOOKS = 2;
/** Trailing work that does not end is cut off, in ms; being profiled is such work. */
const SETTLE_MOST = 3000;

/** Measures what work costs this process, from `begin()` to `end()`. */
export class Meter {
  readonly #probe: IntervalHistogram = monitorEventLoopDelay({ resolution: PROBE_INTERVAL });
  #wall = 0;
  #ended: number | undefined;
  #cpu = 0;
  #main = 0;

  /**
   * Begins to measure, once what came before has ended and, if wanted, its garbage is collected.
   */
  async begin(keepsGarbage = false): Promise<void> {
    if (!keepsGarbage) {
      collectGarbage();
      await this.#settle();
    }
    this.#probe.reset();
    this.#probe.enable();
    // The probe counts from its first firing on: work that begins sooner would not be seen.
    await setTimeout(5 * PROBE_INTERVAL);
    this.#ended = undefined;
    this.#cpu = processCpu();
    this.#main = mainCpu();
    this.#wall = performance.now();
  }

  /** Notes that the work itself has ended; what it set off may go on. */
  pause(): void {
    this.#ended = performance.now();
  }

  /** Waits until what the work set off has ended too, and returns what it all cost. */
  async end(): Promise<Reading> {
    this.#ended ??= performance.now();
    const { cpu, main } = await this.#settle();
    this.#probe.disable();
    const block = Math.max(0, this.#probe.max / 1e6 - PROBE_INTERVAL);
    return {
      cpu: cpu - this.#cpu,
      main: main - this.#main,
      wall: this.#ended - this.#wall,
      block,
    };
  }

  /** Waits for quiet; returns the readings before it began, so that waiting costs nothing. */
  async #settle(): Promise<{ cpu: number; main: number }> {
    const deadline = performance.now() + SETTLE_MOST;
    let last = { cpu: processCpu(), main: mainCpu() };
    for (let quiet = 0; quiet < QUIET_LOOKS && performance.now() < deadline; ) {
      const before = processCpu();
      await setTimeout(QUIET_LOOK);
      const isQuiet = processCpu() - before < QUIET_LOOK * QUIET_SHARE;
      quiet = isQuiet ? quiet + 1 : 0;
      if (!isQuiet) last = { cpu: processCpu(), main: mainCpu() };
    }
    return last;
  }
}

/** What this process holds, after all unused memory is given back as far as it can be. */
export async function readMemory(): Promise<MemoryReading> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await setTimeout(30);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  // `external` includes array buffers.
  return { rss, live: heapUsed + external, peakRss: process.resourceUsage().maxRSS * 1024 };
}

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('Subjects must be started with --expose-gc');
  globalThis.gc();
}

/** User and system time of this process so far, in ms. */
export function processCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const SCHEDSTAT = `/proc/self/task/${process.pid}/schedstat`;

/**
 * The same of the main thread; where the kernel does not tell, how long the event loop was active.
 */
export function mainCpu(): number {
  if (process.platform !== 'linux') return performance.eventLoopUtilization().active;
  const [onCpu] = readFileSync(SCHEDSTAT, 'latin1').split(' ');
  return Number(onCpu) / 1e6;
}
