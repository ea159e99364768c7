import type { NodeRequest } from '../http/node-exchange.ts';
import { plainResponse, type ShortResponse } from '../server/short-response.ts';
import type { Target } from './gateway-paths.ts';

/** Returns a redirection as the original's router writes it; 301 only where it has the page. */
export function redirection(
  { method = '', url = '' }: NodeRequest,
  { location, to }: Extract<Target, { kind: 'redirect' }>,
): ShortResponse {
  const isFound = method === 'GET' && to !== undefined;
  const [, query = ''] = /(\?[^#]*)/.exec(url) ?? [];
  const headers = { Location: location + query };
  if (method !== 'GET' && method !== 'HEAD') return plainResponse(307, '', headers);
  const what = isFound ? 'Moved Permanently' : 'Temporary Redirect';
  const body = `<a href="${escaped(headers.Location)}">${what}</a>.\n\n`;
  const html = { ...headers, 'Content-Type': 'text/html; charset=utf-8' };
  return plainResponse(isFound ? 301 : 307, body, html);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
