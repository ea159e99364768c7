import { describe, expect, it } from 'vitest';
import { formatOfContentType } from './index.ts';

describe('the format of a Content-Type', () => {
  // Verdicts are those of Prometheus 3.16.
  it.each<[string, string | undefined]>([
    ['text/plain', 'text'],
    ['TEXT/PLAIN ; charset=utf-8;', 'text'],
    ['text/plain; a="b\\"c"', 'text'],
    ['text/plain; a=b; A=b', 'text'],
    ['text/plain; a=b; A=c', undefined],
    ['text/plain; a=', undefined],
    ['text/plain; a=b/c', undefined],
    ['text/plain; (a)=b', undefined],
    ['text/plain; a=\u00e9', undefined],
    ['text/html', undefined],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text; version=2.0.0-rc', 'openmetrics'],
    ['application/openmetrics-text; version="2.0\\.0"', 'openmetrics'],
    ['application/openmetrics-text; Version="2.0.0"', 'openmetrics2'],
    ['application/openmetrics-text; version=2.0.0; version=2.0.0', 'openmetrics2'],
    ['application/vnd.google.protobuf; proto=x', 'protobuf'],
  ])('%j', (contentType, format) => {
    expect(formatOfContentType(contentType)).toBe(format);
  });
});
