import { metrics, port } from './metrics.ts';

/** Answers a web-standard request: what Deno, Bun, and others serve. */
async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  return pathname === '/metrics'
    ? metrics.fetch(request)
    : new Response('Not found\n', { status: 404 });
}

// `deno serve web-request.ts` and `bun web-request.ts` serve the default export.
const server: { port: number; fetch: typeof answer } = { port, fetch: answer };
export default server;
