import { refreshOf } from '../driver/observation.ts';
import { CHANGES, SUBJECTS } from '../driver/subject-list.ts';
import type { WorkloadShape } from '../workload/workload.ts';
import type { Bar, BarChart } from './bar-chart.ts';
import type { Summary } from './summary.ts';
import { changeName, count } from './text.ts';

/** The charts of one workload, by the name of their files. */
export function chartsOf(summary: Summary, shape: WorkloadShape): ReadonlyMap<string, BarChart> {
  const size = `${count(shape.series)} series`;
  const bySubject = (value: (name: string) => number | undefined): Bar[] =>
    SUBJECTS.flatMap(({ name, kind, codings }) => {
      const figure = codings.length > 0 ? value(name) : undefined;
      return figure === undefined ? [] : [{ label: name, value: figure, kind }];
    });
  const charts = new Map<string, BarChart>([
    [
      'scrape-gzip',
      {
        title: `CPU of one gzip scrape of ${size}`,
        unit: 'ms',
        isLogarithmic: true,
        bars: bySubject((name) => summary.median(shape, name, 'scrape gzip', 'cpu')),
      },
    ],
    [
      'cycle',
      {
        title: `CPU of following a change of 1 % and one gzip scrape, ${size}`,
        unit: 'ms',
        isLogarithmic: true,
        bars: bySubject((name) => summary.median(shape, name, 'cycle', 'cpu')),
      },
    ],
    [
      'block',
      {
        title: `Longest block of the event loop during a plain scrape of ${size}`,
        unit: 'ms',
        isLogarithmic: true,
        bars: bySubject((name) => summary.median(shape, name, 'scrape identity', 'block')),
      },
    ],
    [
      'memory',
      {
        title: `Most memory that was ever resident, ${size}`,
        unit: 'MB',
        isLogarithmic: false,
        bars: bySubject((name) => {
          const peak = summary.median(shape, name, 'memory refreshed', 'peakRss');
          return peak === undefined ? undefined : peak / 1e6;
        }),
      },
    ],
    ['refresh', refreshChart(summary, shape, size)],
  ]);
  return new Map([...charts].filter(([, { bars }]) => bars.length > 0));
}

function refreshChart(summary: Summary, shape: WorkloadShape, size: string): BarChart {
  const bars = CHANGES.flatMap((change): Bar[] => {
    const value = summary.median(shape, 'snapscrape', refreshOf(change), 'cpu');
    return value === undefined ? [] : [{ label: changeName(change), value, kind: 'own' }];
  });
  const title = `CPU of one refresh of snapscrape, compression included, ${size}`;
  return { title, unit: 'ms', isLogarithmic: true, bars };
}
