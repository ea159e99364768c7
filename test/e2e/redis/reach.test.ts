import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RedisStore } from '../../../src/stores/redis/index.ts';
import { pointOf } from '../../../src/testing/case-run.ts';
import { freePort, type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { closeStoresAfterEach, failureOf, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis } from '../../support/skip-without-redis.ts';

const servers: RedisServer[] = [];
const folders: string[] = [];

skipWithoutRedis();
closeStoresAfterEach();
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('a store reaches', () => {
  it('a database by number, beside others on one server', async () => {
    const server = await startRedis();
    servers.push(server);
    const [one, other] = [await openStore(`${server.url}/3`), await openStore(server.url)];
    await one.upsert(pointOf('a', 1));
    expect(await other.size()).toBe(0);
    expect(server.cli('-n', '3', 'exists', 'snapscrape:{0}:state')).toBe('1');
  });

  it('a server over TLS, with a certificate that it checks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'snapscrape-tls-'));
    folders.push(folder);
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', ...kind, '-keyout', key, '-out', cert, ...subject], {
      stdio: 'ignore',
    });
    const port = await freePort();
    const server = await startRedis([
      ['tls-port', `${port}`],
      ['tls-cert-file', cert],
      ['tls-key-file', key],
      ['tls-ca-cert-file', cert],
      ['tls-auth-clients', 'no'],
    ]);
    servers.push(server);
    const socket = { host: 'localhost', port, tls: true as const, ca: readFileSync(cert) };
    const store = await openStore({ kind: 'standalone', options: { socket } });
    expect((await store.upsert(pointOf('a', 1))).added).toBe(1);
    const wary = await openStore(`rediss://localhost:${port}`, { timeout: 500 });
    expect((await failureOf(wary.upsert(pointOf('a', 1)))).code).toBe('store_unavailable');
  });

  it('nothing with options that are wrong, and says all that is', async () => {
    const given = { keyPrefix: '{a}', timeout: 0, buckets: 0.5, partitions: 1000, nonsense: 1 };
    const failure = await failureOf(RedisStore.open('redis://localhost', given as never));
    expect(failure.code).toBe('invalid_options');
    for (const name of Object.keys(given)) expect(failure.message).toContain(name);
    for (const where of [undefined, null, 7, {}, { kind: 'other', options: {} }]) {
      expect((await failureOf(RedisStore.open(where as never))).code).toBe('invalid_options');
    }
    const tooMany = RedisStore.open('redis://localhost', { buckets: 100_000 });
    expect((await failureOf(tooMany)).code).toBe('invalid_options');
  });
});
