import { metrics } from '../../shared-metrics.ts';

// The store is in this process: on Node, and never answered from a page that was made at build
// time.
export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

/** `GET /metrics` of a Next.js app; Next answers HEAD with it, too. */
export function GET(request: Request): Promise<Response> {
  return metrics.handler.fetch(request);
}
