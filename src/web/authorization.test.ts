import { expect, it } from 'vitest';
import { readAuthorization } from './authorization.ts';

function basicOf(bytes: string | Uint8Array): string {
  return `Basic ${Buffer.from(bytes).toString('base64')}`;
}

it.each([
  ['a:b', 'a', 'b'],
  [':b', '', 'b'],
  ['a:', 'a', ''],
  ['a:b:c', 'a', 'b:c'],
  ['ä:ö\0', 'ä', 'ö\0'],
  ['\ufeffa:b', '\ufeffa', 'b'],
])('reads basic credentials: %j', (pair, user, password) => {
  expect(readAuthorization(basicOf(pair))).toEqual({ scheme: 'basic', user, password });
});

it('reads schemes of any case', () => {
  expect(readAuthorization('bASIC YTpi')).toMatchObject({ user: 'a' });
  expect(readAuthorization('bearer abc-._~+/==')).toEqual({
    scheme: 'bearer',
    token: 'abc-._~+/==',
  });
});

it.each([
  undefined,
  '',
  'Basic',
  'Basic ',
  'Basic YTpi YTpi',
  'Basic  YTpi',
  'Basic YTpiYw', // without padding
  'Basic YTp*',
  'Basic YT-_',
  'Digest username="a"',
  'Bearer',
  'Bearer ',
  'Bearer a b',
  'Bearer ä',
  basicOf('no colon'),
  basicOf(Uint8Array.of(0x61, 0x3a, 0xff)),
  basicOf(`a:${'x'.repeat(4096)}`),
])('has nothing of %j', (header) => {
  expect(readAuthorization(header)).toBeUndefined();
});
