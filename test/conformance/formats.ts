import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type FamilyMetadata,
  type SnapshotPoint,
} from '../../src/index.ts';
import type { Exposition } from './reading.ts';

/** A format that we serve. */
export interface Format {
  readonly name: string;
  /** What a scraper asks with; the answer must be of exactly this type. */
  readonly accept: string;
  readonly isOpenMetrics: boolean;
}

/** Every format that we serve. */
export const FORMATS: readonly Format[] = [
  {
    name: 'OpenMetrics 1.0.0',
    accept: 'application/openmetrics-text; version=1.0.0',
    isOpenMetrics: true,
  },
  {
    name: 'OpenMetrics 0.0.1',
    accept: 'application/openmetrics-text; version=0.0.1',
    isOpenMetrics: true,
  },
  { name: 'text 0.0.4', accept: 'text/plain; version=0.0.4', isOpenMetrics: false },
  { name: 'text 1.0.0', accept: 'text/plain; version=1.0.0', isOpenMetrics: false },
];

/** What a store holds. */
export interface Content {
  readonly points: readonly SnapshotPoint[];
  readonly families?: readonly FamilyMetadata[];
  /**
   * Counters that OpenMetrics cannot call so, because another family has a name they lay claim to.
   */
  readonly clashing?: readonly string[];
}

/** The page that a scraper gets of some content, through the whole pipe. */
export async function serve(content: Content, format: Format): Promise<Exposition> {
  const reader = createCachedSnapshotReader({
    snapshot: () => content.points,
    families: () => content.families ?? [],
  });
  const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
  const request = new Request('http://localhost/', { headers: { accept: format.accept } });
  const response = await handler.fetch(request);
  const contentType = response.headers.get('content-type') ?? '';
  if (
    response.status !== 200 ||
    contentType !== `${format.accept}; charset=utf-8; escaping=underscores`
  ) {
    throw new Error(`${format.name}: answered ${response.status} ${contentType}`);
  }
  return { contentType, body: Buffer.from(await response.arrayBuffer()) };
}
