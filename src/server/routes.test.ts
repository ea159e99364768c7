import bcrypt from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { startExporter, webConfig } from '../../test/support/exporter.ts';
import { ScriptedSource } from '../../test/support/scripted-source.ts';
import { basic } from '../../test/support/web-config-files.ts';
import { createCachedSnapshotReader, type SnapshotReader } from '../index.ts';

const PASSWORD_HASH = bcrypt.hashSync('open sesame', 4);
const BASIC = basic('ann', 'open sesame');

function jobs(): SnapshotReader {
  return createCachedSnapshotReader(new ScriptedSource());
}

async function get(url: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  const response = await fetch(url, { headers });
  return [response.status, await response.text()];
}

describe('views', () => {
  it('count the requests to themselves alone, which shards of one page do together', async () => {
    const shards = ['1/2', '2/2'].map((shard) => ({ path: `/metrics/${shard[0]}`, shard }));
    const { url } = await startExporter(jobs(), { views: shards });
    const ended = /^snapscrape_http_requests_total\{code="200"\} (.*)$/m;
    await get(`${url}/metrics/2`);
    await get(`${url}/metrics?shard=2/2`);
    expect(ended.exec((await get(`${url}/metrics/1`))[1])?.[1]).toBe('0');
    expect(ended.exec((await get(`${url}/metrics?shard=1/2`))[1])?.[1]).toBe('1');
  });

  it('have the rate limit of the web configuration file beside users of their own', async () => {
    const webConfigFile = webConfig('rate_limit: { interval: 1h, burst: 2 }\n');
    const auth = { users: { ann: PASSWORD_HASH } };
    const { url } = await startExporter(jobs(), { webConfigFile, views: [{ path: '/v', auth }] });
    const statuses: number[] = [];
    for (const headers of [{}, { authorization: BASIC }, { authorization: BASIC }]) {
      statuses.push((await get(`${url}/v`, headers))[0]);
    }
    expect(statuses).toEqual([401, 200, 429]);
  });
});
