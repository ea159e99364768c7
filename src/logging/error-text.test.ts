import { describe, expect, it } from 'vitest';
import { SnapscrapeError } from '../model/errors.ts';
import { errorText, loggableText } from './error-text.ts';

describe('the text of an error', () => {
  it('has the messages of its causes, the nearest first', () => {
    const first = new Error('connect ECONNREFUSED');
    const between = new Error('no connection', { cause: first });
    const error = new SnapscrapeError('refresh_failed', 'The source failed', { cause: between });
    expect(errorText(error)).toEqual({
      message: 'The source failed',
      cause: 'no connection: connect ECONNREFUSED',
    });
  });

  it('has the first of several, and a code where there is no message', () => {
    const refused = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' });
    const several = new AggregateError([refused, new Error('other')], 'all failed');
    expect(errorText(several)).toEqual({ message: 'all failed', cause: 'ECONNREFUSED' });
  });

  const looped = new Error('loop');
  looped.cause = looped;
  const throwing = {
    get message() {
      throw new Error('no');
    },
  };
  it.each([
    ['a text', 'thrown', { message: 'thrown', cause: '' }],
    ['null', null, { message: 'null', cause: '' }],
    ['a symbol', Symbol('x'), { message: 'Symbol(x)', cause: '' }],
    ['nothing', {}, { message: 'an object without a message', cause: '' }],
    ['a getter that throws', throwing, { message: 'an error that cannot be read', cause: '' }],
    [
      'a proxy',
      Proxy.revocable({}, {}).proxy,
      { message: 'an object without a message', cause: '' },
    ],
    ['a cause that is itself', looped, { message: 'loop', cause: '' }],
  ])('is made of %s', (_, thrown, text) => {
    expect(errorText(thrown)).toEqual(text);
  });

  it('is made of a proxy that is no more', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(errorText(proxy).message).toBe('an error that cannot be read');
  });

  it('is bounded, and soon made', () => {
    let error = new Error('x'.repeat(10_000_000));
    for (let i = 0; i < 1_000; i++)
      error = new Error(`${i} ${'//'.repeat(100_000)}`, { cause: error });
    const { message, cause } = errorText(error);
    expect(message.length).toBeLessThan(1_000);
    expect(cause.length).toBeLessThan(1_000);
  });
});

describe('a text that is logged', () => {
  it.each([
    ['redis://user:secret@host:6379/0 is away', 'redis://***@host:6379/0 is away'],
    ['redis://:secret@host', 'redis://***@host'],
    ['at rediss://u:p%40secret@h, x', 'at rediss://***@h, x'],
    ['https://u:secr/et@secret@h/p', 'https://***@h/p'],
    ['cannot read //u:secret@h', 'cannot read //***@h'],
    ['http://h:1 and http://u:secret@h:2', 'http://h:1 and http://***@h:2'],
    ['password=secret, next', 'password=***, next'],
    ['{"password":"secret","a":1}', '{"password":***,"a":1}'],
    ['PGPASSWORD: secret', 'PGPASSWORD: ***'],
    ['/x?a=1&access_token=secret&b=2', '/x?a=1&access_token=***&b=2'],
    ['Authorization: Bearer secret', 'Authorization: ***'],
    ['authorization=Basic c2VjcmV0', 'authorization=***'],
    ['AWS_SECRET_ACCESS_KEY=secret', 'AWS_SECRET_ACCESS_KEY=***'],
    ['private_key: secret', 'private_key: ***'],
    ['user=a pass=secret db=b', 'user=a pass=*** db=b'],
    ['password="my secret, or not" b', 'password=*** b'],
    ["{ password: 'my secret'", '{ password: ***'],
    ["headers: { 'x-api-key': 'secret' }", "headers: { 'x-api-key': *** }"],
    ['Cookie: session=secret', 'Cookie: ***'],
    ['client_secret%3Dsecret&a=1', 'client_secret%3D***&a=1'],
    ['GET /v1?key=secret&sig=secret&a=1', 'GET /v1?key=***&sig=***&a=1'],
    ['Bearer secret.secret1 is too old', 'Bearer *** is too old'],
    ['credentials: secret', 'credentials: ***'],
    [`hash $2y$10$${'secret1'.repeat(8).slice(0, 53)} is`, 'hash $2y$10$*** is'],
  ])('%s has no secret', (text, safe) => {
    expect(loggableText(text)).toBe(safe);
  });

  it.each([
    'http://127.0.0.1:9464/metrics?match[]=a',
    'the password file cannot be read',
    'a@b.c',
    'Basic authentication failed',
    'the key=a pass',
  ])('%s stays as it is', (text) => expect(loggableText(text)).toBe(text));

  it('has no secret that the limit of its length cuts', () => {
    for (let length = 0; length < 4_200; length++) {
      expect(loggableText(`${'x '.repeat(length / 2)}redis://u:secret@h`)).not.toContain('secret');
    }
  });
});
