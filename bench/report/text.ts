import type { Change, WorkloadShape } from '../workload/workload.ts';
import type { Spread } from './summary.ts';

const NOTHING = '–';

/** A number with three digits that count, or a dash where there is none. */
export function number(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return NOTHING;
  const size = Math.abs(value);
  const digits = size < 10 ? 2 : size < 100 ? 1 : 0;
  return value.toLocaleString('en-GB', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** A median, with the smallest and the largest value where there were several. */
export function spread(value: Spread | undefined): string {
  if (value === undefined) return NOTHING;
  if (value.count === 1) return number(value.median);
  return `${number(value.median)} (${number(value.least)}–${number(value.most)})`;
}

/** How many times something is something else. */
export function times(value: number | undefined): string {
  return value === undefined ? NOTHING : `${number(value)} ×`;
}

/** A whole number with separators. */
export function count(value: number): string {
  return value.toLocaleString('en-GB');
}

/** What a workload is called. */
export function shapeName({ series, names }: WorkloadShape): string {
  return `${count(series)} series, ${names} names`;
}

/** What a change is called. */
export function changeName({ kind, share }: Change): string {
  const percent = `${share * 100} %`;
  switch (kind) {
    case 'value':
      return share === 0 ? 'nothing changed' : `${percent} changed`;
    case 'new':
      return `${percent} new`;
    case 'deleted':
      return `${percent} deleted`;
    case 'full':
      return 'everything read or set anew';
  }
}

/** A table in Markdown, the first column to the left and the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return line(head) + line(rule) + rows.map(line).join('');
}
