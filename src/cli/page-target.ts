/** A URL that can be asked for, and what of it is sent as a header. */
export interface AskedUrl {
  readonly url: URL;
  /** Basic authentication, of the user and the password in the URL. */
  readonly authorization: string | undefined;
}

/** A target as it is shown: a URL without its user and password. */
export function shownTarget(target: string): string {
  // What is no URL may have a password with any character.
  const secret = URL.canParse(target) ? /^(https?:\/\/)[^/?#\\]*@/i : /^(https?:\/\/).*@/is;
  return target.replace(secret, '$1');
}

/** Takes the user and the password out of a URL; undefined if it is no URL. */
export function askedUrl(target: string): AskedUrl | undefined {
  if (!URL.canParse(target)) return undefined;
  const url = new URL(target);
  const { username, password } = url;
  url.username = url.password = '';
  if (username === '' && password === '') return { url, authorization: undefined };
  const text = `${decoded(username)}:${decoded(password)}`;
  return { url, authorization: `Basic ${Buffer.from(text).toString('base64')}` };
}

/** A part of a URL without percent signs; as it is if they are not those of UTF-8. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
