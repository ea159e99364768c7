import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type OfferedFormat, offeredFormats } from '../../src/formats/format.ts';
import { negotiate } from '../../src/formats/negotiate.ts';

/** An `Accept` header and the Content-Types that answer it. */
interface Row {
  readonly name: string;
  /** Several header lines as a list; null without any. */
  readonly accept: string | readonly string[] | null;
  readonly answerAll: string;
  readonly answerWithoutOpenMetrics2: string;
  readonly answerTextFormatsOnly: string;
  readonly commonAll: string;
  /** Whether we answer otherwise than Go, on purpose. */
  readonly departure: boolean;
}

const ROWS = readFileSync(new URL('./vectors/negotiation.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

const ALL = offeredFormats({ openMetrics: true, createdLines: false });
const WITHOUT_2 = ALL.filter(({ parameters }) => parameters.version !== '2.0.0');
const TEXTS = WITHOUT_2.filter(({ encoder }) => encoder.charset === 'utf8');

function answer({ accept }: Row, offered: readonly OfferedFormat[]): string {
  const header = Array.isArray(accept) ? accept.join(', ') : accept;
  return negotiate((header as string | null) ?? undefined, offered).contentType;
}

describe('the known Accept headers', () => {
  it.each(ROWS)('of $name are answered exactly', (row) => {
    expect(answer(row, ALL)).toBe(row.answerAll);
    expect(answer(row, WITHOUT_2)).toBe(row.answerWithoutOpenMetrics2);
    expect(answer(row, TEXTS)).toBe(row.answerTextFormatsOnly);
  });

  it('are answered as Go answers but for what departs on purpose', () => {
    const departing = ROWS.filter((row) => answer(row, ALL) !== row.commonAll);
    expect(departing.filter(({ departure }) => !departure)).toEqual([]);
  });
});
