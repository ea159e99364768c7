import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startedPushgateway } from '../../test/support/pushgateway.ts';
import { rawConnection } from '../../test/support/raw-client.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';

const put = (body: string | Buffer, headers = {}): RequestInit => ({
  method: 'PUT',
  body,
  headers,
});

const INCONSISTENT = 'pushed metrics are invalid or inconsistent with existing metrics: ';

describe('a Pushgateway', () => {
  it('answers a push that is under way when it is closed, and then ends', async () => {
    const gateway = await startedPushgateway();
    const socket = await rawConnection({ port: Number(new URL(gateway.url).port) });
    let answer = '';
    socket.on('data', (part: Buffer) => (answer += part.toString()));
    socket.write('POST /metrics/job/j HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nm ');
    // The page tells that the gateway has served everything that came before it.
    await (await gateway.request('/metrics')).text();
    const closed = gateway.close();
    socket.write('1\n');
    await once(socket, 'close');
    await closed;
    await gateway.ended;
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  it('ends on a request of a client, if it may', async () => {
    const refusing = await startedPushgateway();
    expect((await refusing.request('/-/quit', { method: 'PUT' })).status).toBe(403);
    const gateway = await startedPushgateway({ enableLifecycle: true });
    const response = await gateway.request('/-/quit', { method: 'POST' });
    expect(await response.text()).toBe('Requesting termination... Goodbye!');
    await gateway.ended;
  });

  it('refuses a bomb and a body that is too long, and goes on', async () => {
    const { request } = await startedPushgateway();
    const bomb = gzipSync(Buffer.alloc(50_000_000, 'a'));
    const refused = await request('/metrics/job/j', put(bomb, { 'Content-Encoding': 'gzip' }));
    expect([refused.status, await refused.text()]).toEqual([
      413,
      'the body has more than 100000 bytes; push less at once\n',
    ]);
    expect((await request('/metrics/job/j', put('a'.repeat(100_001)))).status).toBe(413);
    expect((await request('/metrics/job/j', put('m 1\n'))).status).toBe(200);
    expect(await (await request('/metrics')).text()).toContain('m{instance="",job="j"} 1\n');
  });

  it('refuses more series than a group may have while it reads them, and too many buckets', async () => {
    const { request } = await startedPushgateway({ bodySizeLimit: 8_000_000 });
    const lines = (count: number): string =>
      Array.from({ length: count }, (_, at) => `m${at} 1\n`).join('');
    const most = 'a group has at most 10000 series; push the rest to another group\n';
    // The line behind them is never read.
    const refused = await request('/metrics/job/j', put(`${lines(10_001)}{`));
    expect([refused.status, await refused.text()]).toEqual([400, INCONSISTENT + most]);
    const types = Array.from({ length: 10_001 }, (_, at) => `# TYPE m${at} gauge\n`).join('');
    expect(await (await request('/metrics/job/j', put(types))).text()).toBe(INCONSISTENT + most);
    for (const count of [7_000, 40_000]) {
      const buckets = Array.from({ length: count }, (_, at) => `q_bucket{le="${at}"} 1\n`).join('');
      for (const end of ['q_bucket{le="+Inf"} 1\nq_sum 1\nq_count 1\n', 'q_count 7\n']) {
        const body = `# TYPE q histogram\n${buckets}${end}`;
        const response = await request('/metrics/job/q', put(body));
        if (count === 7_000) {
          expect(response.status).toBe(200);
          expect(await (await request('/metrics')).text()).toContain(
            'q_bucket{instance="",job="q",le="6999"} 1',
          );
        } else expect(await response.text()).toContain('"q" takes more than 1048576 bytes');
      }
    }
  });

  it('logs that a group is refused once, and that it is accepted again', async () => {
    const { request, lines } = await startedPushgateway();
    for (let at = 0; at < 4; at++) await request('/metrics/job/j', put('m 1\nm 1\n'));
    await request('/metrics/job/j', put('m 1\nm x\n'));
    await request('/metrics/job/j', put('m 1\n'));
    expect(lines.filter(([, msg]) => msg.startsWith('Push'))).toEqual([
      ['warn', 'Push refused', expect.objectContaining({ job: 'j', line: 2, reason: 'duplicate' })],
      ['warn', 'Push refused', expect.objectContaining({ line: 2, reason: 'text', suppressed: 3 })],
      ['info', 'Push accepted again', { job: 'j' }],
    ]);
  });

  it('counts the pushes that it refuses, by reason, also those that name no group', async () => {
    const { request, lines } = await startedPushgateway({ disableConsistencyCheck: true });
    await request('/metrics/job/j', put('m 1\nm 1\n'));
    for (const path of ['j/x', 'k/y']) await request(`/metrics/job/${path}`, put('m 1\n'));
    await request('/metrics/job/j', put('a'.repeat(100_001)));
    await request('/metrics/job/j', put('m x\n'));
    await request('/metrics/job/j', put('m 1\n'));
    const page = await (await request('/metrics')).text();
    expect(page.match(/^snapscrape_push_refused_total.*$/gm)).toEqual([
      'snapscrape_push_refused_total{reason="duplicate"} 1',
      'snapscrape_push_refused_total{reason="path"} 2',
      'snapscrape_push_refused_total{reason="text"} 1',
      'snapscrape_push_refused_total{reason="too_large"} 1',
    ]);
    const reasons = lines
      .filter(([, msg]) => msg === 'Push refused')
      .map(([, , { reason }]) => reason);
    expect(reasons).toEqual(['duplicate', 'path', 'too_large', 'text']);
  });

  it('shows its own families as the original names them', async () => {
    const { request } = await startedPushgateway();
    await request('/metrics/job/j', put('m 1\n'));
    await request('/-/healthy');
    const page = await (await request('/metrics')).text();
    expect(page).toContain(
      'pushgateway_http_requests_total{code="200",handler="healthy",method="get"} 1\n',
    );
    expect(page).toContain(
      'pushgateway_http_requests_total{code="200",handler="push",method="put"} 1\n',
    );
    expect(page).toMatch(/^pushgateway_http_push_size_bytes\{method="put",quantile="0\.9"\} \d+$/m);
    expect(page).toMatch(/^pushgateway_http_push_duration_seconds_count\{method="put"\} 1$/m);
    expect(page).toMatch(/^pushgateway_build_info\{.*version="\d.*"\} 1$/m);
    expect(page.match(/^process_\w+/gm)).toHaveLength(process.platform === 'linux' ? 4 : 3);
    expect(page).not.toContain('nodejs_');
  });

  it('shows its groups at /, and deletes them by its forms if it may', async () => {
    const { request } = await startedPushgateway({ enableAdminApi: true });
    await request('/metrics/job/a/x/b%3Cc', put('# HELP m Help.\nm{y="1"} 1\n'));
    await request('/metrics/job/b', put('m 1 1\n'));
    const page = await (await request('/?q=x%3Db')).text();
    expect(page).toContain('1 of 2 groups');
    expect(page).toMatch(/<td>[^\n]*y=&quot;1&quot;[^\n]*<\/td><td>1<\/td>/);
    const group = /name="group" value="([^"]+)"/.exec(page)![1]!;
    const form = (origin: string): RequestInit => ({
      method: 'POST',
      body: new URLSearchParams({ group }),
      headers: { Origin: origin },
      redirect: 'manual',
    });
    expect((await request('/groups/delete', form('http://evil.example'))).status).toBe(403);
    const deleted = await request('/groups/delete', { ...form(''), headers: {} });
    expect([deleted.status, deleted.headers.get('location')]).toEqual([303, '../']);
    expect(await (await request('/')).text()).toContain('Last push failed');
    await request('/groups/delete-all', { method: 'POST' });
    expect(await (await request('/')).text()).toContain('No client has pushed yet.');
    const guarded = await startedPushgateway();
    expect((await guarded.request('/groups/delete', form(''))).status).toBe(404);
  });

  it('guards everything by the users of the web configuration file', async () => {
    const { file, remove } = temporaryFolder({
      'web.yml':
        'basic_auth_users: { alice: $2b$04$X7hbzpuLHap8Udo1NXNG9eDzqIOBPQYjpIECG018IaIt7z15owHSu }\n',
    });
    onTestFinished(remove);
    const { request } = await startedPushgateway({ webConfigFile: file('web.yml') });
    for (const path of ['/', '/metrics', '/-/ready', '/api/v1/status', '/metrics/job/j']) {
      expect((await request(path)).status, path).toBe(401);
    }
    const Authorization = `Basic ${btoa('alice:s3cret')}`;
    expect((await request('/-/ready', { headers: { Authorization } })).status).toBe(200);
  });

  it('has its paths below those of the external URL, but for the original status', async () => {
    const flags = { 'web.external-url': 'http://gw.example.org/ext/' };
    const { request } = await startedPushgateway({
      externalUrl: 'http://gw.example.org/ext/',
      flags,
    });
    expect((await request('/ext/metrics/job/j', put('m 1\n'))).status).toBe(200);
    expect((await request('/metrics')).status).toBe(404);
    const status = await (await request('/ext/api/v1/status/flags')).json();
    expect(status).toEqual({ status: 'success', data: flags });
  });

  it('shows nothing of a family that no group has any more', async () => {
    const { request } = await startedPushgateway();
    await request('/metrics/job/j', put('# HELP h Help.\n# TYPE h histogram\nh_count 1\n'));
    expect(await (await request('/metrics')).text()).toContain('# TYPE h histogram\n');
    await request('/metrics/job/j', { method: 'DELETE' });
    const page = await (await request('/metrics')).text();
    expect(page).not.toMatch(/^# (?:HELP|TYPE) (?:h|push_\w+|go_\w+) /m);
  });

  it('takes a burst of pushes by many clients, each once and none in part', async () => {
    const { request } = await startedPushgateway();
    const body = Array.from({ length: 20 }, (_, at) => `m${at} 1\n`).join('');
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async (_, at) => {
        const pushed = await request(`/metrics/job/j/group/${at % 50}`, put(body));
        const page = await (await request('/metrics')).text();
        expect(page.match(/^m\d+\{/gm)!.length % 20).toBe(0);
        return pushed.status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    const page = await (await request('/metrics')).text();
    expect(page.match(/^m\d+\{/gm)).toHaveLength(50 * 20);
  });

  it.each([
    ['GET', '/-/healthy/', 301, '/-/healthy'],
    ['HEAD', '/-/healthy/', 404, null],
    ['PUT', '/-/ready/', 404, null],
    ['OPTIONS', '/api/v1/metrics/', 200, null],
    ['PUT', '/metrics/job/', 307, '/metrics/job'],
    ['GET', '/metrics/job/', 404, null],
    ['GET', '/Metrics/job/j', 404, null],
    ['PUT', '/Metrics/job/j?a=b', 307, '/metrics/job/j?a=b'],
    ['GET', '//metrics?a=b', 307, '/metrics?a=b'],
    ['DELETE', '/api/v1', 307, '/api/v1/'],
    ['GET', '/-/quit/', 301, '/-/quit'],
  ])('redirects %s %s as the original does', async (method, path, status, location) => {
    const { request } = await startedPushgateway();
    const response = await request(path, { method, redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([status, location]);
    if (method !== 'GET' && status === 307) {
      expect(response.headers.get('content-type')).toBe(null);
    }
  });

  it('asks at /-/quit without the prefix how to end it, and nothing else', async () => {
    const { request } = await startedPushgateway({ routePrefix: '/pg', enableLifecycle: true });
    const asked = await request('/-/quit');
    expect([asked.status, await asked.text()]).toEqual([405, 'Only POST or PUT requests allowed.']);
    const allowed = async (path: string, method: string) => {
      const { status, headers } = await request(path, { method });
      return [status, headers.get('allow')];
    };
    expect(await allowed('/-/quit', 'PUT')).toEqual([405, 'GET, OPTIONS']);
    expect(await allowed('/pg/-/quit', 'GET')).toEqual([405, 'OPTIONS, POST, PUT']);
  });

  it('unpacks each body, also one that nobody asks for, as the original does', async () => {
    const { request } = await startedPushgateway();
    const headers = { 'Content-Encoding': 'gzip' };
    for (const path of ['/nowhere', '/-/healthy', '/metrics/job/j', '/api/v1/']) {
      const response = await request(path, { method: 'PATCH', headers, body: 'x'.repeat(20) });
      expect([response.status, await response.text()]).toEqual([400, 'gzip: invalid header\n']);
    }
  });

  it('shows numbers in JSON as they are, with a negative zero and whole counts, as the original does', async () => {
    const { request } = await startedPushgateway();
    const summary = '# TYPE s summary\ns{quantile="0.5"} -0\ns_sum -0\ns_count 3e6\n';
    await request('/metrics/job/j', put(`m -0\n${summary}`));
    expect(await (await request('/metrics')).text()).toContain('m{instance="",job="j"} 0\n');
    expect(await (await request('/api/v1/metrics')).json()).toMatchObject({
      data: [
        {
          m: { metrics: [{ value: '-0' }] },
          s: { metrics: [{ quantiles: { '0.5': '-0' }, sum: '-0', count: '3000000' }] },
        },
      ],
    });
  });

  it('refuses by the words of the original', async () => {
    const { request } = await startedPushgateway();
    const own = await request('/metrics/job/j', put('# TYPE go_info counter\ngo_info 1\n'));
    expect(await own.text()).toContain(
      'gathered metric family go_info has type COUNTER but should have GAUGE\n',
    );
    const quit = await request('/-/quit', { method: 'PUT' });
    expect(await quit.text()).toBe('Lifecycle API is not enabled.');
    const options = await request('/-/quit', { method: 'OPTIONS' });
    expect(options.headers.get('allow')).toBe('GET, OPTIONS, POST, PUT');
    expect(await (await request('/metrics/job/%zz', put('m 1\n'))).text()).toBe('400 Bad Request');
  });

  it('is told why it cannot start', async () => {
    await expect(
      startedPushgateway({ rules: [{ match: '{job=', ttlMs: 1 }] }),
    ).rejects.toMatchObject({
      code: 'invalid_selector',
    });
    const { port } = new URL((await startedPushgateway()).url);
    await expect(
      startedPushgateway({ listenAddresses: [`127.0.0.1:${port}`] }),
    ).rejects.toMatchObject({
      code: 'listen_failed',
    });
  });
});
