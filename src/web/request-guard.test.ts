import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Clock } from '../../test/support/clock.ts';
import { asDocumented, documentedDefaults } from '../../test/support/documented-defaults.ts';
import { basic, SECRET_HASH, WebConfigOnDisk } from '../../test/support/web-config-files.ts';
import {
  createRequestGuard,
  REQUEST_GUARD_DEFAULTS,
  type RequestGuard,
  type RequestGuardOptions,
} from './request-guard.ts';
import { Secret } from './secret.ts';
import type { WebConfigFile } from './web-config-file.ts';

const disk = new WebConfigOnDisk();
const USERS = `basic_auth_users: {prometheus: '${SECRET_HASH}', '': '${SECRET_HASH}'}`;
const TOKEN = 'c0ffee'.repeat(8);
const TOKENS = `bearer_tokens: {a: 'sha256:${'0'.repeat(64)}', b: 'sha256:${sha256(TOKEN)}'}`;

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function guarded(
  text: string,
  options?: RequestGuardOptions,
): Promise<{ readonly guard: RequestGuard; readonly file: WebConfigFile }> {
  const file = await disk.load(text);
  const guard = createRequestGuard(file, options);
  onTestFinished(() => guard.close());
  return { guard, file };
}

async function statusOf(guard: RequestGuard, authorization?: string): Promise<number> {
  const rejection = await guard.check({ headers: { authorization } });
  return rejection?.status ?? 200;
}

describe('a guard', () => {
  it('admits every client if the file names no user', async () => {
    const { guard } = await guarded('basic_auth_users: {}');
    expect(await statusOf(guard)).toBe(200);
    expect(await statusOf(guard, basic('any', 'body'))).toBe(200);
  });

  it('knows users by their passwords', async () => {
    const { guard } = await guarded(USERS);
    for (const user of ['prometheus', '']) {
      expect(await statusOf(guard, basic(user, 'secret'))).toBe(200);
      expect(await statusOf(guard, basic(user, 'Secret'))).toBe(401);
      expect(await statusOf(guard, basic(user, ''))).toBe(401);
      expect(await statusOf(guard, basic(user, 'secret'))).toBe(200);
    }
    for (const user of ['nobody', '__proto__', 'toString', 'Prometheus']) {
      // Twice: from the comparison, and from memory.
      expect(await statusOf(guard, basic(user, 'secret'))).toBe(401);
      expect(await statusOf(guard, basic(user, 'secret'))).toBe(401);
    }
    expect(await statusOf(guard, `Bearer ${TOKEN}`)).toBe(401);
    expect(await statusOf(guard, 'Basic garbage')).toBe(401);
  });

  it('compares unknown users with the hash of any user, always the same one for a name', async () => {
    const errors: unknown[] = [];
    // As long as a hash, but not one: a 503 shows that a password is compared with it.
    const users = new Map([
      ['first', new Secret(SECRET_HASH)],
      ['second', new Secret('x'.repeat(60))],
    ]);
    const current = { headers: new Map(), users, bearerTokens: new Map(), rateLimit: undefined };
    const onError = (error: unknown): void => void errors.push(error);
    const guard = createRequestGuard({ current }, { onError });
    onTestFinished(() => guard.close());
    const statuses = async (password: string): Promise<number[]> => {
      const all: number[] = [];
      for (let i = 0; i < 16; i++) all.push(await statusOf(guard, basic(`u${i}`, password)));
      return all;
    };
    const once = await statuses('a');
    expect(new Set(once)).toEqual(new Set([401, 503]));
    expect(await statuses('b')).toEqual(once);
    expect(errors.length).toBeGreaterThan(0);
  });

  it('knows bearers of tokens', async () => {
    const { guard } = await guarded(TOKENS);
    expect(await statusOf(guard, `Bearer ${TOKEN}`)).toBe(200);
    expect(await statusOf(guard, `Bearer ${TOKEN}0`)).toBe(401);
    expect(await statusOf(guard, `Bearer ${sha256(TOKEN)}`)).toBe(401);
    expect(await statusOf(guard, basic('b', TOKEN))).toBe(401);
    expect(await statusOf(guard)).toBe(401);
  });

  it('says no more than the status, with the headers of the configuration', async () => {
    const headers = 'http_server_config: {headers: {X-Frame-Options: deny}}';
    const { guard } = await guarded(`${headers}\n${USERS}\n${TOKENS}`);
    expect(await guard.check({ headers: {} })).toEqual({
      status: 401,
      headers: {
        'X-Frame-Options': 'deny',
        'Content-Type': 'text/plain; charset=utf-8',
        'Cache-Control': 'no-store',
        'WWW-Authenticate': 'Basic, Bearer',
      },
      body: 'Unauthorized\n',
    });
    expect([...guard.responseHeaders()]).toEqual([['X-Frame-Options', 'deny']]);
  });

  it('limits the rate before it reads credentials', async () => {
    const clock = new Clock();
    const limit = 'rate_limit: {interval: 2500ms, burst: 2}';
    const { guard } = await guarded(`${limit}\n${USERS}`, { now: clock.now });
    expect(await statusOf(guard)).toBe(401);
    expect(await statusOf(guard, basic('prometheus', 'secret'))).toBe(200);
    const rejection = await guard.check({
      headers: { authorization: basic('prometheus', 'secret') },
    });
    expect(rejection).toMatchObject({ status: 429, headers: { 'Retry-After': '3' } });
    clock.advance(2500);
    expect(await statusOf(guard, basic('prometheus', 'secret'))).toBe(200);
  });

  it('goes by the file as it is now, and keeps the bucket of an unchanged limit', async () => {
    const clock = new Clock();
    const limit = 'rate_limit: {interval: 1h, burst: 2}';
    const { guard, file } = await guarded(`${limit}\n${USERS}`, { now: clock.now });
    expect(await statusOf(guard, basic('prometheus', 'secret'))).toBe(200);
    disk.write(`${limit}\nbasic_auth_users: {other: '${SECRET_HASH}'}`);
    expect(await file.reload()).toBe(true);
    expect(await statusOf(guard, basic('prometheus', 'secret'))).toBe(401);
    expect(await statusOf(guard, basic('other', 'secret'))).toBe(429);
    disk.write(`rate_limit: {interval: 1h, burst: 1}\n${USERS}`);
    expect(await file.reload()).toBe(true);
    expect(await statusOf(guard, basic('prometheus', 'secret'))).toBe(200);
    expect(await statusOf(guard, basic('prometheus', 'secret'))).toBe(429);
  });

  it('returns 503 once it is closed', async () => {
    const { guard } = await guarded(`${USERS}\n${TOKENS}`);
    guard.close();
    expect(await statusOf(guard, basic('prometheus', 'secret'))).toBe(503);
    expect(await statusOf(guard, `Bearer ${TOKEN}`)).toBe(200);
  });

  it('only takes sound options, and documents its defaults', async () => {
    const source = await disk.load('');
    expect(() => createRequestGuard(source, { maxPasswordsWaiting: 0 })).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    );
    const url = new URL('./request-guard.ts', import.meta.url);
    const documented = documentedDefaults(url, 'RequestGuardOptions').get('maxPasswordsWaiting');
    expect(documented).toBe(asDocumented(REQUEST_GUARD_DEFAULTS.maxPasswordsWaiting));
  });
});
