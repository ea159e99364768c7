import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { manyPoints } from '../../test/support/many-points.ts';
import { bareHandler, pageOf, scrape } from '../../test/support/page.ts';
import { hasZstd } from '../formats/zstd.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';

const decompress = (zlib as unknown as { zstdDecompressSync?: (data: Buffer) => Buffer })
  .zstdDecompressSync;

const OFFER = { compressions: ['zstd', 'gzip'] } as const;

function handlerOf(points = manyPoints(3000, 700)) {
  const reader = createCachedSnapshotReader({ snapshot: () => points }, { refreshInterval: 1e9 });
  return { reader, handler: bareHandler(reader, OFFER) };
}

async function coding(accepted: string): Promise<string | null> {
  const response = await scrape(handlerOf([]).handler, { 'accept-encoding': accepted });
  return response.headers.get('content-encoding');
}

describe('zstd', () => {
  // An older Node passes it over: nothing is skipped.
  if (!hasZstd || decompress === undefined) {
    it('is not offered by a Node that has none', async () => {
      expect(await coding('zstd')).toBe(null);
      expect(await coding('zstd, gzip')).toBe('gzip');
    });
    return;
  }

  it('is chosen where it is offered and wanted', async () => {
    expect(await coding('zstd')).toBe('zstd');
    expect(await coding('gzip, zstd')).toBe('zstd');
    expect(await coding('zstd;q=0.5, gzip')).toBe('gzip');
    expect(await coding('zstd;q=0')).toBe(null);
  });

  it('is the same page, before it lies ready and after', async () => {
    const { reader, handler } = handlerOf();
    const page = await pageOf(handler);
    for (let i = 0; i < 3; i++) {
      const response = await scrape(handler, { 'accept-encoding': 'zstd' });
      expect(response.headers.get('content-encoding')).toBe('zstd');
      const body = Buffer.from(await response.arrayBuffer());
      expect(Number(response.headers.get('content-length'))).toBe(body.length);
      expect(decompress(body).toString() === page).toBe(true);
      await reader.refresh();
    }
  });
});
