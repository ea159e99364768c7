import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * The packages of the benchmark's own folder: peers, which the library must never come to depend
 * on.
 */
const requirePeer: NodeJS.Require = createRequire(new URL('../package.json', import.meta.url));

/**
 * Loads a peer. Its types are not used: type-checking this repository must not need the peers. What
 * the benchmark calls of it is declared beside the call.
 */
export function loadPeer(name: string): unknown {
  return requirePeer(name);
}

/** The exact version of a peer, from the benchmark's package.json. */
export function peerVersion(name: string): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  const version = dependencies[name];
  if (version === undefined) throw new Error(`${name} is no dependency of bench/package.json`);
  return version;
}
