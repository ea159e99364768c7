import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type IncrementalSnapshotReader,
} from '../../src/index.ts';

// What README and ARCHITECTURE.md tell is enough for an exporter over a store of one's own. This
// one keeps temperatures in a list of readings that only grows; the cursor is how much of it was
// read.
const readings = [{ sensor: 'attic', celsius: 31.5, at: 1_700_000_000_000 }];
const toPoint = (r: (typeof readings)[number]) => ({
  name: 'room_temperature_celsius',
  labels: { sensor: r.sensor },
  value: r.celsius,
  updatedAt: r.at,
});
const store: IncrementalSnapshotReader = {
  families: () => [
    { name: 'room_temperature_celsius', type: 'gauge', unit: 'celsius', help: 'Air temperature.' },
  ],
  snapshot: () => readings.map(toPoint),
  snapshotCursor: () => String(readings.length),
  snapshotDelta: (cursor) => ({
    nextCursor: String(readings.length),
    events: readings.slice(Number(cursor)).map((r) => ({ point: toPoint(r) })),
  }),
};
const reader = createCachedSnapshotReader(store, { refreshInterval: 0 });
const server = createServer(createOpenMetricsHandler(reader, { selfMetrics: false }));

afterAll(() => void server.close());

it('an exporter over a store of one’s own takes twenty lines', async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  const page = async (): Promise<string> => (await fetch(url)).text();
  expect(await page()).toBe(
    '# HELP room_temperature_celsius Air temperature.\n' +
      '# TYPE room_temperature_celsius gauge\n' +
      'room_temperature_celsius{sensor="attic"} 31.5\n',
  );
  readings.push({ sensor: 'cellar', celsius: 12, at: 1_700_000_060_000 });
  expect(await page()).toContain('room_temperature_celsius{sensor="cellar"} 12\n');
  expect(reader.cacheStats().lastRefreshKind).toBe('delta');
});
