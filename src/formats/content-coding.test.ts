import { expect, it } from 'vitest';
import { chooseCoding } from './content-coding.ts';

it.each([
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip', 'gzip'],
  ['GZip', 'gzip'],
  ['x-gzip', 'gzip'],
  [' gzip ; q=0.5 ', 'gzip'],
  ['gzip, deflate, br, zstd', 'gzip'],
  ['deflate, gzip;q=1.0, *;q=0.5', 'gzip'],
  ['gzip;q=0.001', 'gzip'],
  ['gzip;q=0.5, identity;q=0.5', 'gzip'],
  ['gzip;q=0.4, identity;q=0.5', 'identity'],
  ['identity, gzip;q=0.9', 'identity'],
  ['gzip;q=0', 'identity'],
  ['gzip;q=0.0', 'identity'],
  ['gzip;q=0, *', 'identity'],
  ['gzip;q=0, identity;q=0', 'identity'],
  ['identity;q=0', 'identity'],
  ['identity;q=0, *', 'gzip'],
  ['identity;q=0, *;q=0', 'identity'],
  ['*', 'identity'],
  ['*;q=1', 'identity'],
  ['br', 'identity'],
  ['gzipped', 'identity'],
  // The first word on a coding counts.
  ['gzip, gzip;q=0', 'gzip'],
  ['x-gzip;q=0, gzip', 'identity'],
  // What cannot be read as a weight is none.
  ['gzip;q=high', 'gzip'],
])('Accept-Encoding %j gets %s', (header, coding) => {
  expect(chooseCoding(header)).toBe(coding);
});
