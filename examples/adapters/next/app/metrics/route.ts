import { createOpenMetricsHandler } from 'snapscrape';
import { reader } from '../../../metrics.ts';

// The store is in this process: on Node, and never answered from a page that was made at build time.
export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

// Next takes `Content-Encoding` off what a route answers, and gzip without it is noise to a scraper. So
// nothing is compressed here; Next, or the proxy before it, compresses what it sends.
const metrics = createOpenMetricsHandler(reader, { compressions: [] });

/** `GET /metrics` of a Next.js app; Next answers HEAD with it, too. */
export function GET(request: Request): Promise<Response> {
  return metrics.fetch(request);
}
