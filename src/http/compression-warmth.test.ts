import { describe, expect, it } from 'vitest';
import { CompressionWarmth, type PageForm } from './compression-warmth.ts';

const OPENMETRICS: PageForm = { syntax: 'openmetrics', coding: 'gzip' };
const TEXT: PageForm = { syntax: 'text', coding: 'gzip' };
const ZSTD: PageForm = { syntax: 'openmetrics', coding: 'zstd' };

describe('what is compressed before it is asked for', () => {
  it('is OpenMetrics with gzip at first, and what was asked for since', () => {
    const warmth = new CompressionWarmth();
    expect(warmth.wanted()).toEqual([OPENMETRICS]);
    warmth.asked(TEXT);
    warmth.asked(ZSTD);
    expect(warmth.wanted()).toEqual([OPENMETRICS, TEXT, ZSTD]);
  });

  it('is nothing once nobody asked for ten snapshots, until somebody asks again', () => {
    const warmth = new CompressionWarmth();
    for (let i = 0; i < 10; i++) expect(warmth.wanted()).toEqual([OPENMETRICS]);
    expect(warmth.wanted()).toEqual([]);
    warmth.asked(TEXT);
    for (let i = 0; i < 30; i++) {
      expect(warmth.wanted()).toEqual([TEXT]);
      if (i % 9 === 0) warmth.asked(TEXT);
    }
  });
});
