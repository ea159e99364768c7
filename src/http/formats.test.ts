import { describe, expect, it } from 'vitest';
import { scrape } from '../../test/support/page.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import { type Exposition, parseExposition } from '../parse/index.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { createOpenMetricsHandler } from './handler.ts';

const OPENMETRICS = 'application/openmetrics-text';
const PROTOBUF =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

const HISTOGRAM = {
  count: 3,
  sum: 4.5,
  buckets: [
    [1, 2],
    [Infinity, 3],
  ],
} as const;

const FAMILIES: readonly FamilyMetadata[] = [
  { name: 'jobs_total', type: 'counter', help: 'Jobs.' },
  { name: 'lag_seconds', type: 'histogram', unit: 'seconds' },
];
const POINTS: readonly MetricPoint[] = [
  { name: 'jobs_total', labels: { q: 'a' }, value: 3, startTime: 1000 },
  { name: 'lag_seconds', value: HISTOGRAM },
];

/** A page with the exporter's own metrics, as our parser reads it. */
async function read(accept: string, points = POINTS, families = FAMILIES): Promise<Exposition> {
  const reader = createCachedSnapshotReader({ snapshot: () => points, families: () => families });
  const response = await scrape(createOpenMetricsHandler(reader), { accept });
  expect(response.status).toBe(200);
  const format = response.headers.get('content-type') ?? '';
  expect(format).toContain(accept.split(';')[0]!);
  return parseExposition(Buffer.from(await response.arrayBuffer()), { format });
}

describe('the formats of a handler', () => {
  it.each([
    'text/plain;version=1.0.0',
    `${OPENMETRICS};version=1.0.0`,
    `${OPENMETRICS};version=2.0.0`,
    PROTOBUF,
  ])('%s has the points and the metrics of the exporter', async (accept) => {
    const { points, families } = await read(accept);
    const histogram = points.find(({ name }) => name === 'lag_seconds');
    expect(histogram?.value).toEqual(HISTOGRAM);
    const counter = points.find(({ name }) => name === 'jobs_total');
    expect(counter).toMatchObject({ labels: { q: 'a' }, value: 3 });
    const tellsStart = accept.includes('2.0.0') || accept === PROTOBUF;
    expect(counter?.startTime).toBe(tellsStart ? 1000 : undefined);
    const series = points.filter(({ name }) => name === 'snapscrape_series');
    expect(series.map(({ labels, value }) => [labels.family, value])).toEqual([
      ['jobs_total', 1],
      ['lag_seconds', 1],
    ]);
    expect(families.some(({ name }) => name === 'snapscrape_http_requests_total')).toBe(true);
  });

  it('count the series of names in any script', async () => {
    const odd = ['\u706b', '\u{1f600}'].map((name) => ({ name, value: 1 }));
    for (const accept of ['text/plain;version=1.0.0', PROTOBUF]) {
      const { points } = await read(`${accept};escaping=allow-utf-8`, odd, []);
      const series = points.filter(({ name }) => name === 'snapscrape_series');
      expect(series.map(({ labels }) => labels.family)).toEqual(odd.map(({ name }) => name));
    }
  });

  it('have OpenMetrics 2 only for a client that names it', async () => {
    const reader = createCachedSnapshotReader({ snapshot: () => POINTS });
    const handler = createOpenMetricsHandler(reader);
    for (const accept of [OPENMETRICS, `${OPENMETRICS};version=2.0`, '*/*']) {
      const { headers } = await scrape(handler, { accept });
      expect(headers.get('content-type')).not.toContain('2.0');
    }
  });
});

describe('what a page leaves out', () => {
  const left = async (accept: string, points: readonly MetricPoint[]) => {
    const { points: all } = await read(accept, points, []);
    return all
      .filter(({ name }) => name.startsWith('snapscrape_left_out'))
      .map(({ name, labels, value }) => [name.slice('snapscrape_left_out_'.length), labels, value]);
  };
  const points = ['a.b', 'a-b', 'c'].map((name) => ({ name, value: 1 }));
  const series = ['x.y', 'x_y'].map((label) => ({ name: 'c', labels: { [label]: '1' }, value: 1 }));

  it('is counted and listed on it', async () => {
    expect(await left('text/plain', [...points, ...series])).toEqual([
      ['families', {}, 1],
      ['family', { family: 'a.b', owner: 'a-b' }, 1],
      ['series', {}, 1],
    ]);
  });

  it('is nothing in a scheme that keeps names apart', async () => {
    expect(await left(`${OPENMETRICS};version=2.0.0`, [...points, ...series])).toEqual([]);
  });

  it('does not count as series on the page', async () => {
    const { points: all } = await read('text/plain', points, []);
    const counted = all.filter(({ name }) => name === 'snapscrape_series');
    expect(counted.map(({ labels }) => labels.family)).toEqual(['a-b', 'c']);
  });

  it('is a name with U+0000 in text, which protobuf has', async () => {
    const odd = [
      { name: 'n\0', value: 1 },
      { name: 'c', labels: { 'l\0': '1' }, value: 1 },
    ];
    const names = async (accept: string): Promise<string[]> => {
      const { points: all } = await read(`${accept};escaping=allow-utf-8`, odd, []);
      return all.map(({ name }) => name).filter((name) => !name.startsWith('snapscrape_'));
    };
    expect(await names('text/plain;version=1.0.0')).toEqual([]);
    expect(await names(`${OPENMETRICS};version=2.0.0`)).toEqual([]);
    expect(await names(PROTOBUF)).toEqual(['c', 'n\0']);
  });
});

describe('a state set in OpenMetrics 1', () => {
  const names = ['open', 'shut'].flatMap((state) => ['a', 'b'].map((room) => ({ state, room })));
  const states = names.map(({ state, room }) => ({
    name: 'door',
    labels: { door: state, room },
    value: Number(state === 'open'),
    ...(room === 'b' && { timestamp: 5000 }),
  }));
  const families = [{ name: 'door', type: 'stateset' }] as const;
  const handler = createOpenMetricsHandler(
    createCachedSnapshotReader({ snapshot: () => states, families: () => families }),
    { selfMetrics: false },
  );
  const page = async (accept: string, query = ''): Promise<string> => {
    const request = new Request(`http://exporter/metrics${query}`, { headers: { accept } });
    return (await handler.fetch(request)).text();
  };
  const grouped =
    '# TYPE door stateset\n' +
    'door{door="open",room="a"} 1\ndoor{door="shut",room="a"} 0\n' +
    'door{door="open",room="b"} 1 5\ndoor{door="shut",room="b"} 0 5\n# EOF\n';

  it.each(['', '?name[]=door', '?match[]=door{room!="c"}', '?name[]=door&match[]={room!=""}'])(
    'has all states of a set together: %s',
    async (query) => {
      expect(await page(`${OPENMETRICS};version=1.0.0`, query)).toBe(grouped);
    },
  );

  it.each(['{door="shut"}', '{room="b"}', '{door!="open",room!="c"}', '{v="1"}', '{v!="0"}'])(
    'and an info are alike in a view and a query of %s',
    async (match) => {
      const rooms = ['b', 'a', 'c'].flatMap((room, at) =>
        ['open', 'shut', 'stuck'].map((state, i) => ({
          name: 'door',
          labels: { door: state, ...(room !== 'c' && { room }) },
          value: 0,
          ...(i > at && { timestamp: 5000 }),
        })),
      );
      const infos = [0, 1, 2].map((v) => ({
        name: 'v_info',
        labels: { v },
        value: 1,
        ...(v > 0 && { timestamp: 6000 }),
      }));
      const reader = createCachedSnapshotReader({
        snapshot: () => [...rooms, ...infos],
        families: () => [...families, { name: 'v_info', type: 'info' }],
      });
      const text = async (options: object, query = ''): Promise<string> => {
        const some = createOpenMetricsHandler(reader, { selfMetrics: false, ...options });
        const accept = `${OPENMETRICS};version=1.0.0`;
        const request = new Request(`http://exporter/${query}`, { headers: { accept } });
        return (await some.fetch(request)).text();
      };
      const query = `?match[]=${encodeURIComponent(match)}`;
      const queried = await text({}, query);
      expect(queried.split('\n').length).toBeGreaterThan(3);
      expect(await text({ match })).toBe(queried);
      const lines = new Set((await text({})).split('\n'));
      expect(queried.split('\n').filter((line) => !lines.has(line))).toEqual([]);
    },
  );

  it('has the order of keys in other formats', async () => {
    expect(await page('text/plain')).toContain('door{door="open",room="a"} 1\ndoor{door="open"');
    expect(await page(`${OPENMETRICS};version=2.0.0`)).toContain('room="a"} 1\ndoor{door="open"');
  });

  it('has them together over many chunks, and the longest page is one', async () => {
    const rooms = Array.from({ length: 3000 }, (_, i) => `room ${i} ${'x'.repeat(50)}`);
    const many = ['a', 'b', 'c'].flatMap((state) =>
      rooms.map((room) => ({ name: 'door', labels: { door: state, room }, value: 0 })),
    );
    const reader = createCachedSnapshotReader({ snapshot: () => many, families: () => families });
    const accept = `${OPENMETRICS};version=1.0.0`;
    const whole = createOpenMetricsHandler(reader, { selfMetrics: false });
    const lines = (await (await scrape(whole, { accept })).text()).split('\n').slice(1, -2);
    expect(lines).toHaveLength(9000);
    const sets = lines.map((line) => line.slice(line.indexOf('room=')));
    expect(sets.filter((set, i) => set !== sets[i - 1])).toHaveLength(3000);
  });
});
