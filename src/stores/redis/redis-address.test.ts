import { describe, expect, it } from 'vitest';
import { checkConnection, parseRedisUrl } from './redis-address.ts';

describe('a Redis URL', () => {
  it.each([
    ['redis://localhost', { host: 'localhost', port: 6379 }, {}],
    ['redis://10.0.0.1:7000/5', { host: '10.0.0.1', port: 7000 }, { database: 5 }],
    ['redis://[::1]:7000', { host: '::1', port: 7000 }, {}],
    ['rediss://host', { host: 'host', port: 6379, tls: true }, {}],
    ['redis://:p%40ss%2F@host', { host: 'host', port: 6379 }, { password: 'p@ss/' }],
    ['redis://me:a:b@host', { host: 'host', port: 6379 }, { username: 'me', password: 'a:b' }],
    ['redis://me@host/', { host: 'host', port: 6379 }, { username: 'me' }],
  ])('%s is of one server', (url, socket, others) => {
    expect(parseRedisUrl(url)).toEqual({ kind: 'standalone', options: { ...others, socket } });
  });

  it('names Sentinels, the master they watch, and the database', () => {
    expect(parseRedisUrl('redis-sentinel://me:pass@a,b:7/main/2')).toEqual({
      kind: 'sentinel',
      options: {
        name: 'main',
        sentinelRootNodes: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 7 },
        ],
        nodeClientOptions: { username: 'me', password: 'pass', database: 2 },
      },
    });
  });

  it('names servers of a cluster, and whom to be on all of them', () => {
    expect(parseRedisUrl('rediss-cluster://:pass@a,b:7')).toEqual({
      kind: 'cluster',
      options: {
        rootNodes: [
          { password: 'pass', socket: { host: 'a', port: 6379, tls: true } },
          { password: 'pass', socket: { host: 'b', port: 7, tls: true } },
        ],
        defaults: { password: 'pass', socket: { tls: true } },
      },
    });
  });

  it.each([
    '',
    'localhost',
    'http://host',
    'constructor://host',
    'redis://',
    'redis://secret@',
    'redis://a,b',
    'redis://host:0',
    'redis://host:70000',
    'redis://host/first',
    'redis://host/1/2',
    'redis://secret:100%@host',
    'redis-sentinel://secret@host',
    'redis-cluster://secret@host/1',
    'redis://host?db=1',
  ])('%j is none, and the error has nothing of it', (url) => {
    let message = '';
    try {
      parseRedisUrl(url);
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_options' });
      message = (error as Error).message;
    }
    expect(message).toMatch(/redis\[s]:\/\//);
    expect(message).not.toContain('secret');
  });
});

describe('a connection with options of the client library', () => {
  it.each([
    { kind: 'sentinel', options: { name: 'main', sentinelRootNodes: [] } },
    { kind: 'sentinel', options: { sentinelRootNodes: [{ host: 'a', port: 1 }] } },
    { kind: 'sentinel', options: { name: 'main', sentinelRootNodes: 'a:1' } },
    { kind: 'cluster', options: {} },
    { kind: 'cluster', options: { rootNodes: [] } },
    { kind: 'cluster', options: { rootNodes: [undefined] } },
    { kind: 'standalone' },
    { kind: 'other', options: {} },
  ])('%j is refused', (where) => {
    expect(() => checkConnection(where)).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    );
  });
});
