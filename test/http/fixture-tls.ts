import { readFileSync } from 'node:fs';

const fixture = (name: string): string =>
  readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');

/** A key and certificate of this machine for itself, good for tests alone. */
export const TLS: { readonly key: string; readonly cert: string } = {
  key: fixture('localhost.key'),
  cert: fixture('localhost.crt'),
};
