import { describe, expect, it } from 'vitest';
import { GzipWarmth } from './gzip-warmth.ts';

describe('what is compressed before it is asked for', () => {
  it('is OpenMetrics at first, and what was asked for since', () => {
    const warmth = new GzipWarmth();
    expect(warmth.wanted()).toEqual(['openmetrics']);
    warmth.asked('text');
    expect(new Set(warmth.wanted())).toEqual(new Set(['openmetrics', 'text']));
  });

  it('is nothing once nobody asked for ten snapshots, until somebody asks again', () => {
    const warmth = new GzipWarmth();
    for (let i = 0; i < 10; i++) expect(warmth.wanted()).toEqual(['openmetrics']);
    expect(warmth.wanted()).toEqual([]);
    warmth.asked('text');
    for (let i = 0; i < 30; i++) {
      expect(warmth.wanted()).toEqual(['text']);
      if (i % 9 === 0) warmth.asked('text');
    }
  });
});
