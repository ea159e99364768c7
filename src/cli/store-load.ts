import { SnapscrapeError } from '../model/errors.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import { MOST_GROUP_SERIES } from '../stores/group-input.ts';
import type { MetricStore } from '../stores/metric-store.ts';
import { objectsAsNumbers } from './dumped-numbers.ts';
import { DUMP_VERSION, type DumpLine } from './store-dump.ts';

/** How many series or families are written at once. */
const BATCH = 1000;
/** The longest line; that of a group may be long. */
const MOST_LINE_BYTES = 256 * 1024 ** 2;

/** A chunk of input. */
export type Input = AsyncIterable<Uint8Array | string>;

/**
 * Reads the lines of a dump into a store, some at a time; returns how many series there were.
 *
 * @throws SnapscrapeError `input_failed` for what is no dump, for a dump that was interrupted and for
 *   a series that is rejected, with the line. What was before it is loaded.
 */
export async function loadLines(store: MetricStore, input: Input): Promise<number> {
  const loading = new Loading(store);
  let number = 0;
  for await (const text of linesOf(input)) {
    number++;
    if (text !== '') await loading.take(readLine(text, number), number);
  }
  if (number === 0) throw wrong(1, 'is missing; the input is empty');
  return loading.end(number);
}

class Loading {
  readonly #store: MetricStore;
  #families: FamilyMetadata[] = [];
  #points: (readonly [line: number, point: MetricPoint])[] = [];
  #groups = 0;
  #series = 0;
  #end: DumpLine['end'];

  constructor(store: MetricStore) {
    this.#store = store;
  }

  async take({ snapscrape_dump: version, family, group, point, end }: DumpLine, line: number) {
    if (line === 1 && version !== DUMP_VERSION) {
      throw wrong(1, 'is not the first line of a dump by this version');
    }
    if (this.#end !== undefined) throw wrong(line, 'is behind the end of the dump');
    if (family !== undefined && this.#families.push(family) >= BATCH) await this.#setFamilies();
    if (point !== undefined && this.#points.push([line, point]) >= BATCH) await this.#upsert();
    if (group !== undefined) {
      await this.#setFamilies();
      const { labels, meta, expiresAt, points } = group;
      // A gateway may have taken over larger groups than it takes by a push.
      const maxSeries = Math.max(MOST_GROUP_SERIES, points.length);
      const options = { meta, maxSeries, ...(expiresAt === undefined ? {} : { expiresAt }) };
      await this.#store.replace(labels, points, options).catch((cause: unknown) => {
        const { message } = cause as Error;
        throw wrong(line, `has a group that is rejected: ${message}`, cause);
      });
      this.#groups++;
      this.#series += points.length;
    }
    this.#end = end;
  }

  /** Writes the rest; returns how many series there were. */
  async end(line: number): Promise<number> {
    await this.#setFamilies();
    await this.#upsert();
    const [groups, series] = [this.#groups, this.#series];
    if (this.#end?.groups === groups && this.#end.series === series) return series;
    const loaded = `${groups} groups and ${series} series were loaded`;
    const what =
      this.#end === undefined
        ? 'is the last one, and not the end of the dump: it was interrupted'
        : `says ${this.#end.groups} groups and ${this.#end.series} series: lines are missing`;
    throw wrong(line, `${what}; ${loaded}`);
  }

  async #setFamilies(): Promise<void> {
    if (this.#families.length > 0) await this.#store.setFamilies(this.#families);
    this.#families = [];
  }

  async #upsert(): Promise<void> {
    await this.#setFamilies();
    const points = this.#points;
    this.#points = [];
    if (points.length === 0) return;
    const { refused } = await this.#store.upsert(points.map(([, point]) => point));
    this.#series += points.length - refused;
    if (refused > 0) await this.#findRefused(points);
  }

  /** Throws for the first line whose series is rejected, of those that were written together. */
  async #findRefused(points: readonly (readonly [number, MetricPoint])[]): Promise<void> {
    for (const [line, point] of points) {
      const { refusals } = await this.#store.upsert(point);
      const [refusal] = refusals;
      if (refusal !== undefined) {
        throw wrong(line, `has a series that is rejected: ${refusal.reason}`);
      }
    }
  }
}

/** Cuts chunks into lines; an unfinished last one is a line. */
async function* linesOf(input: Input): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of input) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const [first = '', ...rest] = text.split('\n');
    parts.push(first);
    length += first.length;
    for (const next of rest) {
      yield parts.join('').replace(/\r$/, '');
      parts = [next];
      length = next.length;
    }
    if (length <= MOST_LINE_BYTES) continue;
    throw new SnapscrapeError('input_failed', `a line is longer than ${MOST_LINE_BYTES} bytes`);
  }
  if (length > 0) yield parts.join('');
}

function readLine(text: string, number: number): DumpLine {
  try {
    const line = JSON.parse(text, objectsAsNumbers) as unknown;
    if (typeof line === 'object' && line !== null) return line;
  } catch {
    // Said below.
  }
  throw wrong(number, 'is not a JSON object');
}

function wrong(line: number, what: string, cause?: unknown): SnapscrapeError {
  return new SnapscrapeError('input_failed', `line ${line} ${what}`, { cause });
}
