import { expect, test } from 'vitest';
import { isRoutePath, pathOf } from './request-path.ts';

test.each([
  ['/metrics', '/metrics'],
  ['/metrics?name[]=a?b', '/metrics'],
  ['/metrics#top', '/metrics'],
  ['/metrics/', '/metrics/'],
  ['//metrics', '//metrics'],
  ['/%6Detrics', '/metrics'],
  ['/%6detrics%7e', '/metrics~'],
  // No slash to a proxy that guards paths.
  ['/metrics%2Fteam', '/metrics%2Fteam'],
  ['/metrics%252F', '/metrics%252F'],
  ['/metrics%', '/metrics%'],
  ['/metrics%zz', '/metrics%zz'],
  ['/./metrics', '/./metrics'],
  ['/a/../metrics', '/a/../metrics'],
  ['http://exporter:9464/metrics?a', '/metrics'],
  ['HTTPS://exporter', '/'],
  ['/', '/'],
  ['/?a', '/'],
  ['', undefined],
  ['*', undefined],
  ['exporter:443', undefined],
  ['?a', undefined],
])('the path of the target %s is %s', (target, path) => {
  expect(pathOf(target)).toBe(path);
});

test.each(['/', '/metrics', '/metrics/team-a', '/m~1', '/m%2F1'])('%s can be a route', (path) => {
  expect(isRoutePath(path)).toBe(true);
});

test.each(['', 'metrics', '/m?a', '/m#a', '/m n', '/é', '/%6D', 5, undefined, null])(
  '%s cannot be a route',
  (path) => {
    expect(isRoutePath(path)).toBe(false);
  },
);
