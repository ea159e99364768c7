import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { pointOf } from '../../../src/testing/case-run.ts';
import {
  proxyTo,
  REACHED,
  redisWith,
  stopAfterEach,
  stopLater,
} from '../../support/reached-redis.ts';
import {
  freePort,
  startRedis,
  startRedisCluster,
  startWatchedRedis,
} from '../../support/redis-servers.ts';
import { closeStoresAfterEach, failureOf, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis } from '../../support/skip-without-redis.ts';
import { until } from '../../support/until.ts';

skipWithoutRedis();
stopAfterEach();
closeStoresAfterEach();

/** A server that greets and then gives the same reply to all commands. */
async function serverThatReplies(reply: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const [, word] of chunk.toString('latin1').matchAll(/\*\d+\r\n\$\d+\r\n([A-Z]+)\r\n/g)) {
        if (word === 'HELLO') socket.write('%1\r\n$5\r\nproto\r\n:3\r\n');
        else socket.write(word === 'CLIENT' ? '+OK\r\n' : reply);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stopLater(() => server.close());
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function failureAt(url: string, timeout = 300): ReturnType<typeof failureOf> {
  const store = await openStore(url, { timeout });
  return failureOf(store.upsert(pointOf('a', 1)));
}

/** Checks the messages of calls to several places at once, as each takes a time-out. */
async function expectFailures(cases: readonly (readonly [string, RegExp])[]): Promise<void> {
  const check = async ([url, message]: (typeof cases)[number]): Promise<void> => {
    expect((await failureAt(url, 1_000)).message, url).toMatch(message);
  };
  await Promise.all(cases.map(check));
}

describe('an answer of the server', () => {
  const PASSING = /^(?:LOADING|BUSY|UNKILLABLE|\w+DOWN|NOREPLICAS|TRYAGAIN|ERR max)/;
  const ANSWERS: readonly (readonly [string, string, RegExp])[] = [
    ['MOVED 3999 127.0.0.1:7001', 'store_unavailable', /redis-cluster:\/\//],
    ['ASK 3999 127.0.0.1:7001', 'store_unavailable', /redis-cluster:\/\//],
    ['LOADING Redis is loading the dataset in memory', 'store_unavailable', /loading its data/],
    ['BUSY Redis is busy running a script.', 'store_unavailable', /SCRIPT KILL/],
    [
      'UNKILLABLE Sorry the script already executed',
      'store_unavailable',
      /script that has written/,
    ],
    ['CLUSTERDOWN The cluster is down', 'store_unavailable', /CLUSTER INFO/],
    ['MASTERDOWN Link with MASTER is down', 'store_unavailable', /lost its master/],
    ['NOREPLICAS Not enough good replicas', 'store_unavailable', /min-replicas-to-write/],
    ['TRYAGAIN Multiple keys request', 'store_unavailable', /being moved/],
    ['OOM command not allowed', 'store_full', /maxmemory/],
    ['MISCONF Redis is configured to save', 'store_unavailable', /disk/],
    ['NOPERM this user has no permissions', 'store_forbidden', /lacks a right/],
    ['NOAUTH Authentication required.', 'store_forbidden', /user and a password/],
    ['WRONGPASS invalid username-password', 'store_forbidden', /password is wrong/],
    ['ERR max number of clients reached', 'store_unavailable', /maxclients/],
    ["ERR unknown command 'EVALSHA'", 'store_unavailable', /lacks a command/],
    ['ERR something else', 'store_unavailable', /see the cause/],
  ];

  it('is explained', async () => {
    const explain = async ([reply, code, message]: (typeof ANSWERS)[number]): Promise<void> => {
      const failure = await failureAt(await serverThatReplies(`-${reply}\r\n`), 1_000);
      expect(failure, reply).toMatchObject({ code, message });
      expect(failure.message).not.toMatch(/is the server there|127\.0\.0\.1/);
      if (!reply.includes('unknown command')) expect(failure.message).not.toMatch(/Redis 7/);
    };
    // Those of what passes take a time-out.
    const passing = ANSWERS.filter(([reply]) => PASSING.test(reply));
    await Promise.all(passing.map(explain));
    for (const each of ANSWERS) if (!passing.includes(each)) await explain(each);
  });
});

describe('a reply of an unexpected form', () => {
  const SHAPES = [
    '*0',
    '$-1',
    '_',
    ':3',
    '+OK',
    '$0\r\n',
    '*1\r\n$2\r\nok',
    '*1\r\n$-1',
    '%0',
    '#t',
  ];
  it('is a coded error of every method, and acknowledges nothing', async () => {
    const check = async (shape: string): Promise<void> => {
      const store = await openStore(await serverThatReplies(`${shape}\r\n`), { timeout: 300 });
      const acknowledged = await Promise.all(
        [
          () => store.upsert(pointOf('a', 1)),
          () => store.delete('a'),
          () => store.delete({ name: 'a' }),
          () => store.setFamilies([{ name: 'a', type: 'counter' }]),
          () => store.size(),
          () => store.gc(0),
          () => store.snapshot()[Symbol.asyncIterator]().next(),
          () => store.snapshotCursor(),
          () => store.snapshotDelta('r1:5.a;'),
        ].map(async (call, i) => {
          const outcome = await call().catch((error: { code?: unknown }) => error.code ?? error);
          return outcome === 'store_unavailable' ? undefined : [i, outcome];
        }),
      );
      // A store without retention need not ask the server for a sweep.
      const [GC, NOTHING] = [5, 0];
      const others = acknowledged.filter((each) => each !== undefined && each[0] !== GC);
      expect(others, shape).toEqual([]);
      expect([undefined, NOTHING]).toContain(acknowledged[GC]?.[1]);
      expect(await store.healthy()).toBe(false);
    };
    await Promise.all(SHAPES.map(check));
  });
});

describe('a port that is not what the URL says', () => {
  it('is reported: TLS or none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'snapscrape-tls-'));
    stopLater(() => rmSync(folder, { recursive: true }));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost'];
    execFileSync('openssl', ['req', ...kind, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const tlsPort = `${await freePort()}`;
    const server = await redisWith(
      ['tls-port', tlsPort],
      ['tls-cert-file', cert],
      ['tls-key-file', key],
      ['tls-ca-cert-file', cert],
    );
    await expectFailures([
      [`rediss://127.0.0.1:${server.port}`, /TLS.*plain port needs redis:\/\//],
      [`rediss-cluster://127.0.0.1:${server.port}`, /TLS.*plain port needs redis:\/\//],
      [`redis://127.0.0.1:${tlsPort}`, /TLS, give rediss:\/\//],
      [`rediss://localhost:${tlsPort}`, /certificate/],
    ]);
  });

  it('is reported: a cluster, a Sentinel or one server', async () => {
    const [server, cluster, watched] = await Promise.all([
      redisWith(),
      startRedisCluster(),
      startWatchedRedis(),
    ]);
    stopLater(() => cluster.stop());
    stopLater(() => watched.stop());
    const [inCluster, sentinel] = [cluster.url, watched.url].map((url) => /127[^,]*/.exec(url)![0]);
    const alone = `127.0.0.1:${server.port}`;
    const guard = await startRedis([['requirepass', 'secret']], 'redis-sentinel');
    stopLater(() => guard.stop());
    const guarded = `127.0.0.1:${guard.port}`;
    await expectFailures([
      [`redis://${inCluster}`, /redis-cluster:\/\//],
      [`redis-cluster://${alone}`, /with redis:\/\//],
      [`redis-sentinel://${alone}/m`, /not a Sentinel/],
      [`redis://${sentinel}`, /redis-sentinel:\/\//],
      [`redis-sentinel://${sentinel}/m`, /name in the URL/],
      [`redis-sentinel://:secret@${guarded}/m`, /a Sentinel refused.*sentinelClientOptions/],
    ]);
  });

  it('is reported: nothing listens, or nothing answers', async () => {
    const mute = createServer(() => undefined);
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    stopLater(() => mute.close());
    const { port } = mute.address() as AddressInfo;
    await expectFailures([
      [`redis://127.0.0.1:${await freePort()}`, /nothing listens/],
      [`redis://127.0.0.1:${port}`, /did not answer the greeting/],
      ['redis://no-such-host.invalid', /name of the host/],
    ]);
  });
});

describe('the reason of an earlier outage', () => {
  it('ends with the next success: a password that was corrected is not blamed when the server hangs', async () => {
    const server = await redisWith();
    server.cli('acl', 'setuser', 'me', 'on', '>old', '~*', '+@all');
    const store = await openStore(`redis://me:new@127.0.0.1:${server.port}`, { timeout: 400 });
    expect((await failureOf(store.upsert(pointOf('a', 1)))).code).toBe('store_forbidden');
    server.cli('acl', 'setuser', 'me', '>new');
    await until('the password is right', () => store.stats().connected);
    await store.upsert(pointOf('a', 1));
    server.signal('SIGSTOP');
    for (let i = 0; i < 4; i++) {
      const { code, message } = await failureOf(store.upsert(pointOf('a', i + 2, i + 2)));
      expect(code).toBe('store_unavailable');
      expect(message).not.toMatch(/password|broke/);
    }
    server.signal('SIGCONT');
  });

  it('is not that of a command: a right that was missing is not blamed when the line breaks', async () => {
    const server = await redisWith();
    const proxy = await proxyTo(server.port);
    server.cli('acl', 'setuser', 'me', 'on', '>pw', '~*', '+@all', '-evalsha');
    const store = await openStore(`redis://me:pw@127.0.0.1:${proxy.port}`, { timeout: 400 });
    expect((await failureOf(store.upsert(pointOf('a', 1)))).message).toMatch(/NOPERM/);
    proxy.setFault('cut');
    await until('the line is cut', () => !store.stats().connected);
    expect((await failureOf(store.upsert(pointOf('a', 1)))).code).toBe('store_unavailable');
  });
});

describe('a write that was cut off', () => {
  it.each(Object.keys(REACHED))('over %s arrives once, and its call rejects', async (kind) => {
    const { where, proxies } = await REACHED[kind]!();
    const arrived = (): number =>
      proxies.reduce(
        (sum, proxy) => sum + proxy.requests().split('\r\nonly_once\r\n').length - 1,
        0,
      );
    const store = await openStore(where, { timeout: 2_000 });
    await store.upsert(pointOf('only_once', 1));
    const before = arrived();
    for (const proxy of proxies) proxy.cutAfterRequest('only_once');
    const failure = await failureOf(store.upsert(pointOf('only_once', 2, 2)));
    expect(failure).toMatchObject({ code: 'store_unavailable', message: /may be there or not/ });
    await until('the connection is back', () => store.stats().connected);
    await pause(500);
    expect(arrived() - before).toBe(1);
    expect((await store.upsert(pointOf('only_once', 2, 2))).unchanged).toBe(1);
  });
});

describe('a server that became a replica', () => {
  const REFUSED = { timeout: 1_000 };
  const FAST: [string, string] = ['repl-diskless-sync-delay', '0'];

  it.each(['with its old connections open', 'cutting its connections'])(
    'behind a name or proxy that leads to the new master, %s, is left by the next write',
    async (how) => {
      const [old, next] = await Promise.all([redisWith(FAST), redisWith(FAST)]);
      next.cli('replicaof', '127.0.0.1', `${old.port}`);
      const proxy = await proxyTo(old.port);
      const store = await openStore(`redis://127.0.0.1:${proxy.port}`, REFUSED);
      await store.upsert(pointOf('a', 1));
      await until(
        'the replica has it',
        () => next.cli('hget', 'snapscrape:{0}:state', 'seq') === '2',
      );
      next.cli('replicaof', 'no', 'one');
      old.cli('replicaof', '127.0.0.1', `${next.port}`);
      // Nothing leads to the new master yet: the truth is said at once, by calls and by healthy().
      expect((await failureOf(store.upsert(pointOf('a', 2, 2)))).code).toBe('store_read_only');
      expect(await store.healthy()).toBe(false);
      expect(await store.size()).toBe(1);
      const before = proxy.accepted;
      const begun = performance.now();
      for (let i = 0; i < 200; i++) {
        expect((await failureOf(store.upsert(pointOf('a', 2, 2)))).code).toBe('store_read_only');
        await pause(2);
      }
      // It is looked for again with pauses, and not for each write.
      expect(proxy.accepted - before).toBeLessThan(6 + (performance.now() - begun) / 100);
      proxy.target = next.port;
      if (how.startsWith('cutting')) old.cli('client', 'kill', 'type', 'normal');
      const writes = async (): Promise<boolean> =>
        store.upsert(pointOf('a', 3, 3)).then(
          () => true,
          () => false,
        );
      await expect.poll(writes, { timeout: 60_000, interval: 20 }).toBe(true);
      expect(await store.healthy()).toBe(true);
      expect(next.cli('hget', 'snapscrape:{0}:state', 'seq')).toBe('3');
      await until('the old connection is closed', () => proxy.open === 1);
    },
  );

  it('or lost its replicas is left, too', async () => {
    const [old, next] = await Promise.all([redisWith(), redisWith()]);
    const proxy = await proxyTo(old.port);
    const store = await openStore(`redis://127.0.0.1:${proxy.port}`, REFUSED);
    await store.upsert(pointOf('a', 1));
    old.cli('config', 'set', 'min-replicas-to-write', '1');
    expect((await failureOf(store.upsert(pointOf('a', 2, 2)))).message).toMatch(/NOREPLICAS/);
    proxy.target = next.port;
    expect((await store.upsert(pointOf('b', 1))).added).toBe(1);
    expect(next.cli('exists', 'snapscrape:{0}:state')).toBe('1');
  });

  it('is left by a write in its first try if the name leads elsewhere already', async () => {
    const [old, next] = await Promise.all([redisWith(FAST), redisWith(FAST)]);
    const proxy = await proxyTo(old.port);
    const store = await openStore(`redis://127.0.0.1:${proxy.port}`, REFUSED);
    await store.upsert(pointOf('a', 1));
    proxy.target = next.port;
    old.cli('replicaof', '127.0.0.1', `${next.port}`);
    expect(await store.healthy()).toBe(true);
    expect((await store.upsert(pointOf('b', 1))).added).toBe(1);
    expect(next.cli('exists', 'snapscrape:{0}:state')).toBe('1');
  });
});

describe('healthy()', () => {
  it('says what writes would get', async () => {
    const server = await redisWith();
    const store = await openStore(server.url, { timeout: 300 });
    expect(await store.healthy()).toBe(true);
    await store.upsert(pointOf('a', 1));
    for (const [setting, bad, good] of [
      ['maxmemory', '1', '0'],
      ['min-replicas-to-write', '1', '0'],
    ] as const) {
      server.cli('config', 'set', setting, bad);
      expect(await store.healthy(), setting).toBe(false);
      const { message } = await failureOf(store.upsert(pointOf('a', 2, 2)));
      expect(message).toContain(setting);
      expect(message).not.toMatch(/Redis 7/);
      server.cli('config', 'set', setting, good);
      expect(await store.healthy(), setting).toBe(true);
    }
  });
});

describe('an onError that throws', () => {
  it.each([
    () => {
      throw new Error('in the logger');
    },
    () => Promise.reject(new Error('in the logger')) as never,
  ])('ends nothing', async (onError) => {
    const server = await redisWith();
    const proxy = await proxyTo(server.port);
    const store = await openStore(`redis://127.0.0.1:${proxy.port}`, { timeout: 500, onError });
    await store.upsert(pointOf('a', 1));
    proxy.setFault('cut');
    await until('the line is cut', () => !store.stats().connected);
    await pause(100);
    proxy.setFault('none');
    await until('the connection is back', () => store.stats().connected);
    expect((await store.upsert(pointOf('a', 2, 2))).changed).toBe(1);
  });
});
