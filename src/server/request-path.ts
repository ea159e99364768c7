/**
 * The path of a request's target, so that equal paths are equal texts: without the query, and with
 * percent-encoded letters, digits, `-`, `.`, `_` and `~` decoded (RFC 3986, 6.2.2.2). Undefined
 * where the target has none.
 *
 * Nothing else is decoded: `%2F` is no slash to a proxy that guards paths, so it must be none here.
 */
export function pathOf(target: string): string | undefined {
  const [whole = ''] = target.split(/[?#]/, 1);
  // A proxy's client sends the absolute form: `GET http://exporter:9464/metrics`.
  const path = whole.replace(/^https?:\/\/[^/]*/i, '') || (whole === '' ? '' : '/');
  if (!path.startsWith('/')) return undefined;
  return path.replace(/%([0-9a-f]{2})/gi, (encoded: string, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[\w.~-]/.test(character) ? character : encoded;
  });
}

/** Whether a text can be a path of a route: what {@link pathOf} may give back. */
export function isRoutePath(path: unknown): path is string {
  return (
    typeof path === 'string' && /^\/[\w.~!$&'()*+,;=:@%/-]*$/.test(path) && pathOf(path) === path
  );
}
