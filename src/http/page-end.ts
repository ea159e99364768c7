import type { PageFormat } from '../formats/exposition.ts';
import type { SelfReport } from './self-families.ts';
import type { SelfMetrics } from './self-metrics.ts';

/** The end of one page after the other: it is copied, never handed out. */
let scratch: Buffer = Buffer.alloc(0);

/** The lines that differ from scrape to scrape, and the end marker. */
export function pageEnd(
  self: SelfMetrics | undefined,
  format: PageFormat,
  report: () => SelfReport,
): Buffer {
  return Buffer.from(endText(self, format, report), format.encoder.charset);
}

/** The same in memory that the next page has its end in. */
export function passingEnd(
  self: SelfMetrics | undefined,
  format: PageFormat,
  report: () => SelfReport,
): Buffer {
  const text = endText(self, format, report);
  // A UTF-16 unit is at most three bytes.
  if (scratch.length < text.length * 3) scratch = Buffer.allocUnsafeSlow(text.length * 4);
  return scratch.subarray(0, scratch.write(text, format.encoder.charset));
}

function endText(
  self: SelfMetrics | undefined,
  format: PageFormat,
  report: () => SelfReport,
): string {
  return (self?.latest(format, report()) ?? '') + format.encoder.pageEnd;
}
