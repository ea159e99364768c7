import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatSampleValue } from '../../src/model/sample-value.ts';
import { valueBits } from './reading.ts';

/** Doubles with the text that Go writes for them in each format. */
const ROWS = readFileSync(new URL('./vectors/float-format.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t') as [bits: string, js: string, text: string, openMetrics: string]);

const NUMBER = /^(-?\d+(\.\d+)?(e[+-]\d+)?|[+-]Inf|NaN)$/;

function doubleOf(bits: string): number {
  return Buffer.from(bits, 'hex').readDoubleBE();
}

/** Reads as Go's `ParseFloat` does what the formats allow. */
function parse(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

describe('the known doubles', () => {
  it('are many', () => {
    expect(ROWS.length).toBeGreaterThan(200);
  });

  it('are written so that they read back to the same bits', () => {
    const doubles = ROWS.map(([bits]) => doubleOf(bits));
    const texts = doubles.map(formatSampleValue);
    expect(texts.filter((text) => !NUMBER.test(text))).toEqual([]);
    expect(texts.map(parse).map(valueBits)).toEqual(doubles.map(valueBits));
  });

  // The notation differs: Go turns to exponents at 1e6 and below 1e-4. The number written does not.
  it('have the same digits as Go writes', () => {
    const written = ROWS.map(([bits]) => significantDigits(formatSampleValue(doubleOf(bits))));
    expect(written).toEqual(ROWS.map(([, , text]) => significantDigits(text)));
    expect(written).toEqual(ROWS.map(([, , , openMetrics]) => significantDigits(openMetrics)));
  });
});

/** The significant digits with the sign, whatever the notation. */
function significantDigits(text: string): string {
  return text
    .replace(/^\+/, '')
    .replace(/e.*$/, '')
    .replace('.', '')
    .replace(/^(-?)0+(?=\d)/, '$1')
    .replace(/(\d)0+$/, '$1');
}
