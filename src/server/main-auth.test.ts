import { createHash } from 'node:crypto';
import bcrypt from 'bcryptjs';
import { expect, test } from 'vitest';
import { startExporter, webConfig } from '../../test/support/exporter.ts';
import { createCachedSnapshotReader } from '../index.ts';
import { createExporterServer } from './exporter-server.ts';

const HASH = bcrypt.hashSync('open sesame', 4);
const TOKEN = `sha256:${createHash('sha256').update('a-token').digest('hex')}`;
const BEARER = { authorization: 'Bearer a-token' };
const PATHS = ['/metrics', '/open', '/own', '/', '/no', '/-/ready'] as const;

const basic = (user: string): Record<string, string> => {
  return { authorization: `Basic ${Buffer.from(`${user}:open sesame`).toString('base64')}` };
};

const reader = () =>
  createCachedSnapshotReader({
    snapshot: () => [{ name: 'jobs', labels: {}, value: 1, updatedAt: 1 }],
  });

const OPTIONS = {
  auth: { users: { ann: HASH }, bearerTokens: { scraper: TOKEN } },
  views: [{ path: '/open' }, { path: '/own', auth: { users: { bob: HASH } } }],
};

async function statuses(url: string, headers: Record<string, string>): Promise<number[]> {
  const responses = await Promise.all(PATHS.map((path) => fetch(`${url}${path}`, { headers })));
  return responses.map(({ status }) => status);
}

test('auth names the users of the main page, and of all that has none of its own', async () => {
  const { url } = await startExporter(reader(), OPTIONS);
  expect(await statuses(url, {})).toEqual([401, 401, 401, 401, 401, 200]);
  expect(await statuses(url, basic('ann'))).toEqual([200, 200, 401, 200, 404, 200]);
  expect(await statuses(url, BEARER)).toEqual([200, 200, 401, 200, 404, 200]);
  expect(await statuses(url, basic('bob'))).toEqual([401, 401, 200, 401, 401, 200]);
});

test('it stands instead of the users of the file, whose headers and rate limit hold', async () => {
  const webConfigFile = webConfig(
    `basic_auth_users: { root: '${HASH}' }\nrate_limit: { interval: 1h, burst: 2 }\n` +
      'http_server_config: { headers: { X-Frame-Options: deny } }\n',
  );
  const { url } = await startExporter(reader(), { ...OPTIONS, webConfigFile });
  const asked = async (user: string): Promise<unknown[]> => {
    const { status, headers } = await fetch(`${url}/metrics`, { headers: basic(user) });
    return [status, headers.get('x-frame-options')];
  };
  expect(await asked('root')).toEqual([401, 'deny']);
  expect(await asked('ann')).toEqual([200, 'deny']);
  expect(await asked('ann')).toEqual([429, 'deny']);
});

test('it is checked like that of a view, and its error has nothing of what it holds', () => {
  for (const auth of [{}, { users: {} }, { users: { ann: 'secret' } }, { user: {} }, 'secret']) {
    const make = (): unknown => createExporterServer(reader(), { auth: auth as never });
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_options' }));
    expect(make).not.toThrow(/secret\b(?!")/);
  }
});

test('the cost of its hashes is bounded like that of views', () => {
  const auth = { users: { ann: HASH.replace('$04$', '$18$') } };
  const make = (maxBcryptCost: number): unknown =>
    createExporterServer(reader(), { auth, maxBcryptCost });
  expect(() => make(17)).toThrow(/auth has a bcrypt hash of cost 18; lower it, or raise/);
  expect(() => make(18)).not.toThrow();
});
