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
      /** Where it leads: a fixed path, or any group. Without it all methods are redirected. */
      readonly to?: string;
    }
  | { readonly kind: 'none' };

const GROUP = /^\/metrics\/job(@base64)?\/([^/]+)(\/.*)?$/is;
const API = '/api/v1';

/** Where the redirection of a path in another case leads: to the path of a group. */
export const ANY_GROUP = '/metrics/job/';

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
  /** The fixed paths as they are, by their text in small letters. */
  readonly #byLower: ReadonlyMap<string, string>;

  /**
   * @param prefix - what all paths begin with, such as `/pg`; `''` for nothing.
   * @param fixed - the paths that are served beside those of groups, with the prefix.
   */
  constructor(prefix: string, fixed: Iterable<string>) {
    this.#prefix = prefix;
    this.#fixed = new Set(fixed);
    this.#byLower = new Map([...this.#fixed].map((path) => [path.toLowerCase(), path]));
  }

  /**
   * What a path asks for; paths that are not clean, or nearly those which are served, are
   * redirected as the original does.
   *
   * @param raw - the path as it came, and without its escapes.
   */
  find(raw: string, path: string): Target {
    const clean = cleanPath(raw);
    // The original escapes this one again.
    if (clean !== raw) return { kind: 'redirect', location: escapedPath(clean) };
    if (this.#fixed.has(path)) return { kind: 'fixed', path };
    const api = this.#prefix + API;
    if (path === api) return { kind: 'redirect', location: `${escapedPath(api)}/` };
    // The original forgets that what it redirects to is below another path.
    if (path.startsWith(`${api}/`)) return this.#nearby(path, api) ?? { kind: 'none' };
    return this.#group(path) ?? this.#nearby(path, '') ?? { kind: 'none' };
  }

  /** What a path asks for that begins behind the prefix, as it came. */
  findOwn(raw: string): Target {
    const path = decodedPath(raw);
    return path === undefined
      ? { kind: 'none' }
      : this.find(this.#prefix + raw, this.#prefix + path);
  }

  /** What a path asks for that names a group, if only in another case. */
  #group(path: string): Target | undefined {
    const prefix = this.#prefix;
    if (!path.toLowerCase().startsWith(prefix.toLowerCase())) return undefined;
    const own = path.slice(prefix.length);
    if (own === ANY_GROUP) return redirect(path.slice(0, -1), ANY_GROUP);
    const [, base64 = '', job = '', rest = ''] = GROUP.exec(own) ?? [];
    if (job === '') return undefined;
    const head = `${prefix}/metrics/job${base64.toLowerCase()}/`;
    if (path.startsWith(head)) {
      return { kind: 'group', job: { text: job, isBase64: base64 !== '' }, rest };
    }
    // The original does not find labels behind such a job in another case.
    if (base64 !== '' && rest !== '') return undefined;
    return redirect(head + job + rest, ANY_GROUP);
  }

  /** Where a path leads that has another case, or a slash too many or too few. */
  #nearby(path: string, forgotten: string): Target | undefined {
    const lower = path.toLowerCase();
    const other = lower.endsWith('/') ? lower.slice(0, -1) : `${lower}/`;
    const to = this.#byLower.get(lower) ?? this.#byLower.get(other);
    if (to === undefined) return undefined;
    const isApi = to.startsWith(`${this.#prefix}${API}/`);
    return isApi === (forgotten !== '') ? redirect(to.slice(forgotten.length), to) : undefined;
  }
}

function redirect(path: string, to: string): Target {
  return { kind: 'redirect', location: escapedPath(path), to };
}

/** A path with its escapes, as Go writes them. */
function escapedPath(path: string): string {
  const percent = (character: string): string =>
    `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURI(path).replace(/[?#!*'()]/g, percent);
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
