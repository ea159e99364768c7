import type { RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ListenAddress } from './arguments.ts';

const LANDING_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>git-activity</title>
<h1>git-activity</h1>
<p>Contributor activity of local git repositories.</p>
<ul>
<li><a href="/metrics">Metrics</a></li>
<li><a href="/-/healthy">Health</a></li>
</ul>
</html>
`;

/**
 * Routes requests by their path.
 *
 * @param metrics - answers with what serves `/metrics`, or with undefined until there is something to
 * serve: an empty page would say that there are no repositories.
 */
export function createRoutes(metrics: () => RequestListener | undefined): RequestListener {
  return (request, response) => {
    const [path] = (request.url ?? '').split('?');
    const serveMetrics = path === '/metrics' ? metrics() : undefined;
    if (serveMetrics !== undefined) serveMetrics(request, response);
    else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      answer(response, 405, 'Method not allowed\n');
    } else if (path === '/metrics') {
      response.setHeader('Retry-After', '1');
      answer(response, 503, 'The repositories are being read for the first time\n');
    } else if (path === '/-/healthy') answer(response, 200, 'Healthy\n');
    else if (path === '/') answer(response, 200, LANDING_PAGE, 'text/html');
    else answer(response, 404, 'Not found\n');
  };
}

function answer(response: ServerResponse, code: number, body: string, type = 'text/plain'): void {
  response.writeHead(code, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(body);
}

/**
 * Starts to listen, and answers with the URL to look at. Rejects with a line that names the address and
 * the remedy.
 */
export async function listen(server: Server, { host, port }: ListenAddress): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'the address is in use' : error.message;
      const remedy = 'choose another with --web.listen-address';
      reject(new Error(`cannot listen on ${urlHost(host ?? '')}:${port}: ${reason}; ${remedy}`));
    });
    server.listen({ host, port }, resolve);
  });
  // All interfaces have no name of their own.
  const everywhere = host === undefined || host === '0.0.0.0' || host === '::';
  const name = everywhere ? 'localhost' : urlHost(host);
  return `http://${name}:${(server.address() as AddressInfo).port}`;
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

const GRACE_MS = 500;

/** Stops listening; scrapes that are being answered get half a second to end. */
export async function close(server: Server): Promise<void> {
  const deadline = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  clearTimeout(deadline);
}
