/** What a path asks for, whatever the method. */
export type Target =
  | {
      readonly kind: 'group';
      readonly job: { readonly text: string; readonly isBase64: boolean };
      /** The labels behind the job, from a slash on. */
      readonly rest: string;
    }
  | { readonly kind: 'fixed'; readonly path: string }
  | {
      readonly kind: 'redirect';
      readonly location: string;
      /** The fixed path that it leads to, if its methods alone are redirected. */
      readonly to?: string;
    }
  | { readonly kind: 'none' };

const GROUP = /^\/metrics\/job(@base64)?\/([^/]+)(\/.*)?$/is;
const API = '/api/v1/';

/** The path of a request's target, as it came. */
export function rawPath(target: string): string {
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1);
  return path.startsWith('/') ? path : `/${path}`;
}

/** A path without percent escapes, so that `%2F` is a slash; undefined if they are not sound. */
export function decodedPath(path: string): string | undefined {
  try {
    return path.includes('%') ? decodeURIComponent(path) : path;
  } catch {
    // Malformed, or not UTF-8: no label can have such a value.
    return undefined;
  }
}

/** Finds what decoded paths ask for, below a prefix. */
export class GatewayPaths {
  readonly #prefix: string;
  readonly #fixed: ReadonlySet<string>;

  /**
   * @param prefix - what all paths begin with, such as `/pg`; `''` for nothing.
   * @param fixed - the paths that are served beside those of groups, without the prefix.
   */
  constructor(prefix: string, fixed: Iterable<string>) {
    this.#prefix = prefix;
    this.#fixed = new Set(fixed);
  }

  /**
   * What a path asks for; paths that are not clean are redirected, as the original does.
   *
   * @param raw - the path as it came, and without its escapes.
   */
  find(raw: string, path: string): Target {
    const clean = cleanPath(raw);
    if (clean !== raw) return { kind: 'redirect', location: clean };
    if (path === this.#prefix && this.#prefix !== '') return redirect(`${path}/`);
    if (!path.startsWith(`${this.#prefix}/`)) return { kind: 'none' };
    const own = path.slice(this.#prefix.length);
    if (this.#fixed.has(own)) return { kind: 'fixed', path: own };
    const group = GROUP.exec(own);
    if (group !== null) return this.#group(own, group);
    return this.#nearby(own);
  }

  /** What a path asks for that begins behind the prefix, as it came. */
  findOwn(raw: string): Target {
    const path = decodedPath(raw);
    return path === undefined
      ? { kind: 'none' }
      : this.find(this.#prefix + raw, this.#prefix + path);
  }

  #group(own: string, [, base64 = '', job = '', rest = '']: RegExpExecArray): Target {
    const head = `/metrics/job${base64.toLowerCase()}/`;
    if (!own.startsWith(head)) return redirect(this.#prefix + head + job + rest);
    return { kind: 'group', job: { text: job, isBase64: base64 !== '' }, rest };
  }

  /** Where a path leads that has another case, or a slash too many. */
  #nearby(own: string): Target {
    const lower = own.toLowerCase();
    if (this.#fixed.has(lower)) return redirect(this.#prefix + lower);
    if (!lower.endsWith('/')) return { kind: 'none' };
    const bare = lower.slice(0, -1);
    // The original forgets that these are below another path.
    const isApi = bare.startsWith(API);
    if (this.#fixed.has(bare)) {
      return redirect(isApi ? bare.slice(API.length - 1) : this.#prefix + bare, bare);
    }
    const isGroup = /^\/metrics\/job(?:@base64)?$/.test(bare);
    return isGroup ? redirect(this.#prefix + bare) : { kind: 'none' };
  }
}

function redirect(path: string, to?: string): Target {
  const location = encodeURI(path).replace(/[?#]/g, encodeURIComponent);
  return { kind: 'redirect', location, ...(to !== undefined && { to }) };
}

/** A path without empty segments, `.` and `..`, as Go's `path.Clean` makes it. */
function cleanPath(path: string): string {
  if (!/\/\/|\/\.\.?(?:\/|$)/.test(path)) return path;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const isFolder = path.endsWith('/') && segments.length > 0;
  return `/${segments.join('/')}${isFolder ? '/' : ''}`;
}
