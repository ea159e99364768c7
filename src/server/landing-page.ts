import { escapeHtml } from './html-text.ts';
import { plainResponse, type ShortResponse } from './short-response.ts';

/** What the page at `/` says. */
export interface LandingPage {
  /** The exporter's name, as text. Default `Exporter`. */
  readonly title?: string | undefined;
  /** One sentence about it, as text. Default: none. */
  readonly description?: string | undefined;
  /** The exporter's version, as text. Default: none. */
  readonly version?: string | undefined;
}

/** A link of the page. */
export interface PageLink {
  /** Its path on this server, from the first slash. */
  readonly path: string;
  readonly text: string;
}

/**
 * The page: static, without scripts, styles or anything from elsewhere. Its links are relative, so
 * that they hold behind a proxy that serves the exporter below a path of its own, such as
 * `/exporter/`.
 */
export function landingPageResponse(page: LandingPage, links: readonly PageLink[]): ShortResponse {
  const title = escapeHtml(page.title ?? 'Exporter');
  const items = links.map(
    ({ path, text }) => `<li><a href="${escapeHtml(`.${path}`)}">${escapeHtml(text)}</a></li>`,
  );
  const body = [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    `<title>${title}</title>`,
    `<h1>${title}</h1>`,
    ...(page.description ? [`<p>${escapeHtml(page.description)}</p>`] : []),
    ...(page.version ? [`<p>Version ${escapeHtml(page.version)}</p>`] : []),
    '<ul>',
    ...items,
    '</ul>',
    '</html>',
    '',
  ].join('\n');
  return plainResponse(200, body, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  });
}
