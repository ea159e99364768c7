import type { Listener, Route } from '../../server/routes.ts';
import { plainResponse, type ShortResponse, sendResponse } from '../../server/short-response.ts';

/** Makes a response by the query of a request. */
export type Respond = () => Promise<ShortResponse> | ShortResponse;

/** A route of a few methods, for the users of the server. */
export function apiRoute(
  methods: readonly string[],
  respond: Respond,
  onError: (error: unknown) => void,
): Route {
  const allow = methods.join(', ');
  const serve: Listener = (request, response) => {
    if (!methods.includes(request.method ?? '')) {
      const rejected = plainResponse(405, 'Method Not Allowed\n', { Allow: allow });
      sendResponse(request, response, rejected);
      return;
    }
    Promise.resolve()
      .then(respond)
      .catch((error: unknown) => {
        onError(error);
        return plainResponse(500, 'The request failed; the log says why.\n');
      })
      .then((made) => sendResponse(request, response, made))
      .catch(onError);
  };
  return { serve, access: 'server' };
}

/** Data as Prometheus's API returns it. */
export function apiData(data: unknown): ShortResponse {
  const body = `${JSON.stringify({ status: 'success', data })}\n`;
  return plainResponse(200, body, { 'Content-Type': 'application/json' });
}

/** What a request gets that a flag does not allow. */
export function disabled(what: string, flag: string, status = 403): ShortResponse {
  return plainResponse(status, `${what} is not enabled; start with --${flag}.\n`);
}
