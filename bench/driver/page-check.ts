import type { Workload } from '../workload/workload.ts';

const LINE_FEED = 0x0a;
const SAMPLE_START = 'git_activity_';

/** What a page must hold, whatever the order and the way of writing numbers. */
export interface PageSum {
  readonly series: number;
  readonly sum: number;
}

/** What the page of a workload must hold. */
export function expectedSum(workload: Workload): PageSum {
  let series = 0;
  let sum = 0;
  for (let place = 0; place < workload.places; place++) {
    if (workload.present[place] === 0) continue;
    series++;
    sum += workload.values[place]!;
  }
  return { series, sum };
}

/**
 * Throws if a page does not hold exactly the series and values that it must.
 *
 * @param samples - how the lines begin that count.
 */
export function checkPage(page: Buffer, expected: PageSum, samples: string = SAMPLE_START): void {
  let series = 0;
  let sum = 0;
  for (let start = 0; start < page.length; ) {
    const end = page.indexOf(LINE_FEED, start);
    if (end < 0) throw new Error('The page does not end with a line feed');
    const line = page.toString('latin1', start, end);
    start = end + 1;
    if (!line.startsWith(samples)) continue;
    series++;
    sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  // Values are added up in another order, so the last digits differ.
  if (series !== expected.series || !(Math.abs(sum - expected.sum) <= 1e-9 * expected.sum)) {
    throw new Error(
      `The page holds ${series} series and a sum of ${sum}; there are ${expected.series} and ${expected.sum}`,
    );
  }
}
