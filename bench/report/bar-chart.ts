import { number } from './text.ts';

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly kind: 'own' | 'peer' | 'floor';
}

/** A chart of horizontal bars. */
export interface BarChart {
  readonly title: string;
  /** What the values are of, behind each of them. */
  readonly unit: string;
  /** Whether the lengths are logarithms, for values that differ by orders of magnitude. */
  readonly isLogarithmic: boolean;
  readonly bars: readonly Bar[];
}

const COLOURS = { own: '#1a7f37', peer: '#8c959f', floor: '#bf8700' } as const;
const ROW = 26;
const TOP = 44;
const LABEL_WIDTH = 300;
const BAR_WIDTH = 380;
const WIDTH = 800;

/** Draws a chart as SVG that needs nothing else and is readable on any background. */
export function drawBarChart({ title, unit, isLogarithmic, bars }: BarChart): string {
  const height = TOP + bars.length * ROW + 30;
  const length = scale(
    bars.map(({ value }) => value),
    isLogarithmic,
  );
  const rows = bars.map(({ label, value, kind }, i) => {
    const y = TOP + i * ROW;
    const width = length(value);
    return `<text x="${LABEL_WIDTH - 8}" y="${y + 15}" text-anchor="end">${escapeXml(label)}</text>
<rect x="${LABEL_WIDTH}" y="${y + 2}" width="${width.toFixed(1)}" height="${ROW - 8}" fill="${COLOURS[kind]}"/>
<text x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${y + 15}">${number(value)} ${unit}</text>`;
  });
  const note = isLogarithmic ? 'Lengths are logarithmic. ' : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(title)}">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<g font-family="system-ui, sans-serif" font-size="13" fill="#1f2328">
<text x="12" y="24" font-size="16" font-weight="600">${escapeXml(title)}</text>
${rows.join('\n')}
<text x="12" y="${height - 10}" font-size="11" fill="#59636e">${note}Less is better.</text>
</g>
</svg>
`;
}

function scale(values: readonly number[], isLogarithmic: boolean): (value: number) => number {
  const most = Math.max(...values);
  if (!isLogarithmic) return (value) => Math.max(1, (value / most) * BAR_WIDTH);
  // The smallest bar is to be seen too: the scale begins at half of it.
  const start = Math.log10(Math.max(Math.min(...values), 1e-3) / 2);
  const whole = Math.log10(most) - start;
  return (value) => Math.max(1, ((Math.log10(Math.max(value, 1e-3)) - start) / whole) * BAR_WIDTH);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
