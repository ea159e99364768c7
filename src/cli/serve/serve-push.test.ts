import bcrypt from 'bcryptjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  linesOf,
  type ServedProgram,
  ServedPrograms,
} from '../../../test/support/served-program.ts';
import { LmdbStore } from '../../stores/lmdb/index.ts';

let programs: ServedPrograms;
beforeEach(() => {
  programs = new ServedPrograms();
});
afterEach(() => programs.close());

const PUSH = '--web.enable-push-api';
const serve = (file: string, ...more: readonly string[]): Promise<ServedProgram> =>
  programs.serve(file, PUSH, ...more);

/** Pushes to a group; returns the status and the text of the response. */
async function push({ get }: ServedProgram, path: string, body: string, method = 'PUT') {
  const { status, text } = await get(`/metrics/job/${path}`, { method, body });
  return [status, text];
}

const page = async ({ get }: ServedProgram): Promise<string> => (await get('/metrics')).text;

describe('the push API of serve', () => {
  it('is off by default, and says by which flag it is on', async () => {
    const { get } = await programs.serve('');
    for (const [path, method] of [
      ['/metrics/job/a', 'PUT'],
      ['/metrics/job/a', 'POST'],
      ['/metrics/job@base64/YQ/b/c', 'DELETE'],
      ['/api/v1/metrics', 'GET'],
    ] as const) {
      const { status, text } = await get(path, { method });
      expect([status, text]).toEqual([404, expect.stringContaining(`start with ${PUSH}`)]);
    }
  });

  it.each(['memory:', 'lmdb:data'])('has each push on the next page, over %s', async (url) => {
    const store = url === 'memory:' ? url : `lmdb:${programs.folder}/data`;
    const program = await serve(`storage: { url: '${store}' }\n`);
    const text = '# TYPE a counter\n# HELP a The as.\na{l="x"} 1\nb 2\n';
    expect(await push(program, 'j/instance/i', text)).toEqual([200, '']);
    expect(await page(program)).toContain(
      '# HELP a The as.\n# TYPE a counter\na{instance="i",job="j",l="x"} 1\n',
    );
    expect(await push(program, 'j/instance/i', 'b 3\n', 'POST')).toEqual([200, '']);
    const both = await page(program);
    expect([linesOf(both, 'a{'), linesOf(both, 'b{')]).toEqual([
      ['a{instance="i",job="j",l="x"} 1'],
      ['b{instance="i",job="j"} 3'],
    ]);
    expect(both).toMatch(/^push_time_seconds\{instance="i",job="j"\} \d/m);
    expect(both).toContain('snapscrape_push_groups 1\n');
    expect(both).toContain(
      'snapscrape_push_requests_total{handler="push",method="POST",code="200"} 1\n',
    );
    const { data } = JSON.parse((await program.get('/api/v1/metrics')).text) as {
      data: readonly Record<string, object>[];
    };
    expect(data.map(({ labels }) => labels)).toEqual([{ job: 'j', instance: 'i' }]);
    expect((await push(program, 'j/instance/i', '', 'DELETE'))[0]).toBe(202);
    expect(linesOf(await page(program), 'b{')).toEqual([]);
  });

  it('keeps groups over a restart, and shows how many there are', async () => {
    const file = `storage: { url: 'lmdb:${programs.folder}/data' }\n`;
    const before = await serve(file);
    await push(before, 'j', 'a 1\n');
    await before.program.close();
    const after = await serve(file);
    expect(linesOf(await page(after), 'a{')).toEqual(['a{job="j"} 1']);
    await after.get('/-/ready');
    expect(programs.lines.filter((line) => line.includes('Store opened')).at(-1)).toMatch(
      / series=3 groups=1 age=\d/,
    );
  });

  it('refuses what its page cannot have, with the line, and breaks no scrape', async () => {
    programs.write('a.prom', '# TYPE own gauge\nown 1\n');
    const program = await serve('sources: [{ name: cron, textfile: { directory: . } }]\n');
    for (const [body, what] of [
      ['# TYPE c counter\nc -1\n', 'invalid_counter_value'],
      ['# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n', 'invalid_value'],
      ['a{x=""} 1\na 2\n', 'was collected before'],
      ['a 1 1000\n', 'must not have timestamps'],
      ['a{\n', ''],
    ] as const) {
      expect(await push(program, 'j', body)).toEqual([400, expect.stringContaining(what)]);
    }
    // What a source says of a family goes before.
    expect((await push(program, 'j', '# TYPE own counter\nown 1\n'))[0]).toBe(200);
    // The store drops a label that has no value.
    expect((await push(program, 'k/x@base64/=', 'a{y=""} 1\n'))[0]).toBe(200);
    const text = await page(program);
    expect(linesOf(text, 'a{')).toEqual(['a{job="k"} 1']);
    expect(linesOf(text, 'own')).toEqual(['own 1', 'own{job="j"} 1']);
    expect(linesOf(text, '# TYPE own')).toEqual(['# TYPE own gauge']);
    expect((await push(program, 'k', '', 'DELETE'))[0]).toBe(202);
    expect(linesOf(await page(program), 'a{')).toEqual([]);
    expect(programs.lines.filter((line) => line.includes('Push refused'))[0]).toMatch(
      /component=push msg="Push refused" job=j line=2 reason=invalid_counter_value/,
    );
  });

  it('keeps its own families if a source or a push has their names, and lists theirs', async () => {
    programs.write('a.prom', 'snapscrape_reader_up 7\nof_file 1\n');
    const program = await serve('sources: [{ name: cron, textfile: { directory: . } }]\n');
    expect((await push(program, 'j', 'snapscrape_push_groups 9\n'))[0]).toBe(200);
    const text = await page(program);
    expect(linesOf(text, 'snapscrape_push_groups')).toEqual(['snapscrape_push_groups 1']);
    expect(linesOf(text, 'snapscrape_reader_up')).toEqual([
      'snapscrape_reader_up{reader="cron"} 1',
      'snapscrape_reader_up{reader="store"} 1',
    ]);
    expect(linesOf(text, 'snapscrape_left_out_family{')).toEqual([
      'snapscrape_left_out_family{family="snapscrape_push_groups",owner="snapscrape_push_groups"} 1',
      'snapscrape_left_out_family{family="snapscrape_reader_up",owner="snapscrape_reader_up"} 1',
    ]);
  });

  it('takes no series and no family of another writer over', async () => {
    const path = `${programs.folder}/data`;
    const store = await LmdbStore.open(path);
    await store.setFamilies([{ name: 'seen', type: 'counter' }]);
    await store.upsert({ name: 'seen', labels: { job: 'j' }, value: 1 });
    const program = await serve(`storage: { url: 'lmdb:${path}' }\n`);
    expect(await push(program, 'j', '# TYPE seen counter\nseen 2\n')).toEqual([
      400,
      expect.stringContaining('owned_by_none'),
    ]);
    expect(await push(program, 'k', '# TYPE seen gauge\nseen 2\n')).toEqual([
      400,
      expect.stringContaining('"seen" is not a counter'),
    ]);
    expect(linesOf(await page(program), 'seen')).toEqual(['seen{job="j"} 1']);
    // Once no writer has series of it, a push may choose its type.
    await store.delete({ name: 'seen' });
    await store.close();
    expect((await push(program, 'k', '# TYPE seen gauge\nseen 2\n'))[0]).toBe(200);
    expect(linesOf(await page(program), 'seen')).toEqual(['seen{job="k"} 2']);
  });

  it('ends all groups with the admin API', async () => {
    const program = await serve('', '--web.enable-admin-api');
    await push(program, 'j', 'a 1\n');
    expect((await program.get('/api/v1/admin/wipe', { method: 'PUT' })).status).toBe(202);
    const text = await page(program);
    expect(linesOf(text, 'a{')).toEqual([]);
    expect(text).toContain('snapscrape_push_groups 0\n');
    expect((await program.get('/api/v1/metrics')).text).toBe('{"status":"success","data":[]}');
  });

  it('is below the prefix, and for the users of the web configuration file', async () => {
    programs.write('web.yml', `basic_auth_users: { u: '${await bcrypt.hash('secret', 4)}' }\n`);
    const web = `--web.config.file=${programs.folder}/web.yml`;
    const program = await serve('', '--web.route-prefix=/gate', web);
    const path = '/gate/metrics/job/j%2Fl%2Fv';
    const init = { method: 'POST', body: 'a 1\n' };
    expect((await program.get(path, init)).status).toBe(401);
    const headers = { authorization: `Basic ${Buffer.from('u:secret').toString('base64')}` };
    expect((await program.get('/metrics/job/j', { ...init, headers })).status).toBe(404);
    expect((await program.get(path, { ...init, headers })).status).toBe(200);
    const { text } = await program.get('/gate/metrics', { headers });
    expect(linesOf(text, 'a{')).toEqual(['a{job="j",l="v"} 1']);
  });
});
