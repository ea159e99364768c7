import { SnapscrapeError } from '../model/errors.ts';

/** The error of a page that could not be had. A password in the URL is not shown. */
export function failed(url: URL, reason: string, cause?: unknown): SnapscrapeError {
  const place = `${url.protocol}//${url.host}${url.pathname}`;
  return new SnapscrapeError('refresh_failed', `The page ${place} cannot be read: ${reason}`, {
    cause,
  });
}
