import { serve } from '@hono/node-server';
import { listening, port } from './metrics.ts';

// Serves a web-standard handler with Node, to try those that other servers run:
// node --import tsx serve-fetch.ts ./web-request.ts
const module: unknown = await import(process.argv[2] ?? './web-request.ts');

/** The handler of a module: `GET` of a Next.js route, or `fetch` of its default export. */
function handlerOf(exported: unknown): (request: Request) => Promise<Response> {
  const { GET, default: served } = exported as {
    readonly GET?: (request: Request) => Promise<Response>;
    readonly default?: { readonly fetch: (request: Request) => Promise<Response> };
  };
  const handler = GET ?? served?.fetch;
  if (handler === undefined) throw new Error('the module exports neither GET nor fetch');
  return handler;
}

serve({ fetch: handlerOf(module), port }, (info) => listening(info.port));
