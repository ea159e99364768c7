import type { Measure } from '../driver/observation.ts';
import { refreshOf } from '../driver/observation.ts';
import { CHANGES, SUBJECTS, type SubjectPlan, TYPICAL_CHANGE } from '../driver/subject-list.ts';
import type { WorkloadShape } from '../workload/workload.ts';
import type { Summary } from './summary.ts';
import { changeName, number, spread, table, times } from './text.ts';

/** What a scrape costs each subject. */
export function scrapeTable(summary: Summary, shape: WorkloadShape): string {
  const own = summary.median(shape, 'snapscrape', 'scrape gzip', 'cpu');
  const cell = (name: string, measure: Measure, field: 'cpu' | 'wall' | 'block'): string =>
    spread(summary.spread(shape, name, measure, field));
  const rows = measured(summary, shape, 'scrape identity').map(({ name }) => {
    const gzip = summary.median(shape, name, 'scrape gzip', 'cpu');
    const ratio = gzip === undefined || own === undefined ? undefined : gzip / own;
    return [
      name,
      cell(name, 'scrape identity', 'cpu'),
      number(summary.median(shape, name, 'scrape identity', 'wall')),
      number(summary.median(shape, name, 'scrape identity', 'block')),
      cell(name, 'scrape gzip', 'cpu'),
      number(summary.median(shape, name, 'scrape gzip', 'wall')),
      number(summary.median(shape, name, 'scrape gzip', 'block')),
      times(ratio),
    ];
  });
  return table(
    ['', 'plain: CPU', 'wall', 'block', 'gzip: CPU', 'wall', 'block', 'gzip CPU to ours'],
    rows,
  );
}

/** What it costs to get from points to a first page, and what is held afterwards. */
export function stateTable(summary: Summary, shape: WorkloadShape): string {
  const rows = measured(summary, shape, 'memory scraped').map(({ name, isBuilt, codings }) => {
    const build = isBuilt ? summary.spread(shape, name, 'build', 'cpu') : undefined;
    const first = summary.median(shape, name, 'first identity', 'cpu');
    const peak = summary.median(shape, name, 'memory refreshed', 'peakRss');
    return [
      name,
      spread(build),
      number(isBuilt ? summary.median(shape, name, 'build', 'main') : undefined),
      number(isBuilt ? summary.median(shape, name, 'build', 'block') : undefined),
      number(codings.length > 0 ? first : undefined),
      number(summary.bytesPerSeries(shape, name, 'memory scraped', 'rss')),
      number(summary.bytesPerSeries(shape, name, 'memory scraped', 'live')),
      number(summary.bytesPerSeries(shape, name, 'memory refreshed', 'rss')),
      number(peak === undefined ? undefined : peak / 1e6),
    ];
  });
  const head = ['', 'cold build: CPU', 'main', 'block', 'first page: CPU'];
  return table([...head, 'resident B/series', 'in use', 'later', 'peak MB'], rows);
}

/** What it costs to follow a change, by change and subject: the main thread's CPU and all of it. */
export function refreshTable(summary: Summary, shape: WorkloadShape): string {
  const subjects = SUBJECTS.filter(
    ({ name, codings }) =>
      codings.length > 0 &&
      summary.median(shape, name, refreshOf(TYPICAL_CHANGE), 'cpu') !== undefined,
  );
  const cells = (measure: Measure): string[] =>
    subjects.map(({ name }) => {
      const main = summary.median(shape, name, measure, 'main');
      const all = summary.spread(shape, name, measure, 'cpu');
      if (all === undefined) return number(undefined);
      return main === undefined ? spread(all) : `${number(main)} / ${spread(all)}`;
    });
  const rows = CHANGES.map((change) => [changeName(change), ...cells(refreshOf(change))]);
  rows.push([`${changeName(TYPICAL_CHANGE)}, then a gzip scrape`, ...cells('cycle')]);
  return table(['', ...subjects.map(({ name }) => name)], rows);
}

/** What reading everything costs us, by source. */
export function sourceTable(summary: Summary, shape: WorkloadShape): string {
  const rows = measured(summary, shape, 'refresh full 1')
    .filter(({ kind }) => kind === 'own')
    .map(({ name }) => [
      name,
      spread(summary.spread(shape, name, 'build', 'cpu')),
      number(summary.median(shape, name, 'build', 'main')),
      number(summary.median(shape, name, 'build', 'block')),
      spread(summary.spread(shape, name, 'refresh full 1', 'cpu')),
      number(summary.median(shape, name, 'refresh full 1', 'main')),
      number(summary.median(shape, name, 'refresh full 1', 'block')),
    ]);
  const head = ['', 'cold build: CPU', 'main', 'block', 'unchanged, read anew: CPU'];
  return table([...head, 'main', 'block'], rows);
}

/** The longest blocks of the event loop over a hundred scrapes and refreshes. */
export function blockTable(summary: Summary, shape: WorkloadShape): string | undefined {
  const measures = ['block scrape gzip', 'block scrape identity', 'block refresh'] as const;
  const rows = measured(summary, shape, 'block scrape gzip').map(({ name }) => [
    name,
    ...measures.flatMap((measure) => [
      number(summary.median(shape, name, measure, 'block')),
      number(summary.p99(shape, name, measure, 'block')),
    ]),
  ]);
  if (rows.length === 0) return undefined;
  const head = ['gzip scrape: median', 'p99', 'plain scrape: median', 'p99'];
  return table(['', ...head, 'refresh of 1 %: median', 'p99'], rows);
}

/** The subjects of which something was measured. */
function measured(
  summary: Summary,
  shape: WorkloadShape,
  measure: Measure,
): readonly SubjectPlan[] {
  const field = measure.startsWith('memory') ? 'rss' : 'cpu';
  return SUBJECTS.filter(({ name }) => summary.median(shape, name, measure, field) !== undefined);
}
