import { serve } from '@hono/node-server';
import { listening, port } from './metrics.ts';

// Serves a web-standard handler with Node, to try those that other servers run:
// node --import tsx serve-fetch.ts ./web-request.ts
// node --import tsx serve-fetch.ts ./next/app/metrics/route.ts ./next/instrumentation.ts
const module: unknown = await import(process.argv[2] ?? './web-request.ts');
// What Next runs before the first request.
if (process.argv[3] !== undefined) await (await import(process.argv[3])).register();

/** The handler of a module: `GET` of a Next.js route, or `fetch` of its default export. */
function handlerOf(exported: unknown): (request: Request) => Promise<Response> {
  const { GET, default: served } = exported as {
    readonly GET?: (request: Request) => Promise<Response>;
    readonly default?: { readonly fetch: (request: Request) => Promise<Response> };
  };
  if (GET !== undefined) return async (request) => asNextSends(await GET(request));
  if (served === undefined) throw new Error('the module exports neither GET nor a server');
  return served.fetch;
}

/** Next decides itself on length and coding of what a route answers, whatever that says. */
function asNextSends({ body, status, headers }: Response): Response {
  const sent = new Headers(headers);
  for (const name of ['content-length', 'content-encoding', 'transfer-encoding']) sent.delete(name);
  return new Response(body, { status, headers: sent });
}

serve({ fetch: handlerOf(module), port }, (info) => listening(info.port));
